import Directory
import Encoding
import Hummingbird
import NIOCore
import OCPI

/// Answers other nodes about this node and about the node of a party. Open to all callers, like the registry itself.
struct RegistryEndpoint: Sendable {
    /// A resource of the endpoint.
    enum Question: Sendable, Equatable {
        /// `/ocn/registry/node-info`
        case thisNode
        /// `/ocn/registry/node/{country code}/{party id}`
        case nodeOf(country: String, party: String)

        init?(path: String) {
            let segments = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            guard segments.starts(with: ["ocn", "registry"]) else { return nil }
            let rest = Array(segments.dropFirst(2))
            switch (rest.first, rest.count) {
            case ("node-info", 1): self = .thisNode
            case ("node", 3): self = .nodeOf(country: String(rest[1]), party: String(rest[2]))
            default: return nil
            }
        }
    }

    let settings: IngressSettings
    let dependencies: IngressDependencies

    func respond(_ head: RequestHead, _ question: Question) throws(OCPIError) -> Response {
        guard head.method.isRead else { throw .notAvailable(head.method, but: [.get, .head]) }
        return .envelope(answer(question).encoded(), ResponseAddress())
    }

    private func answer(_ question: Question) -> JSONValue {
        switch question {
        case .thisNode:
            return ["url": .string(settings.publicURL), "address": .string(settings.nodeAddress)]
        case .nodeOf(let country, let party):
            guard let id = PartyID(segments: country, party), let node = dependencies.directory().node(of: id) else {
                return .string("Party \(country) \(party) is not registered on the network")
            }
            return ["url": .string(node.url), "address": .string(node.operatorAddress)]
        }
    }
}
