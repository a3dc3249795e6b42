import Admin
import Credentials
import Encoding
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Logging
import NIOCore
import OCPI
import Synchronization
import Testing

@testable import Directory

/// An admin API without Kafka, and the platforms that it calls.
final class Platforms: Sendable {
    /// A platform's answer to a method and URL; nil does not answer.
    typealias Peer = @Sendable (_ method: OCPI.Method, _ url: String) -> PeerAnswer?

    static let key = Token("the operator's key")
    static let secrets = NodeSecrets(current: Array("a secret for tests".utf8))

    private let current = Mutex(Directory(secrets: Platforms.secrets))
    private let isReadOnly: Bool
    private let peer: Peer
    /// Concurrent writes of others, which come into the log just before the next write.
    private let others = Mutex<(@Sendable (Directory) -> [FactChange])?>(nil)

    init(isReadOnly: Bool = false, peer: @escaping Peer = { _, _ in nil }) {
        self.isReadOnly = isReadOnly
        self.peer = peer
        apply([
            .put(.party(NetworkParty(party: party("AT-NEW"), roles: ["CPO"], operatorAddress: "0xaa", source: "test")))
        ])
    }

    func meanwhile(_ changes: @escaping @Sendable (Directory) -> [FactChange]) { others.withLock { $0 = changes } }

    var directory: Directory { current.withLock { $0 } }

    func apply(_ changes: [FactChange]) {
        current.withLock { directory in
            for change in changes {
                switch change {
                case .put(let fact): directory.apply(key: fact.key, fact)
                case .delete(let key): directory.apply(key: key, nil)
                }
            }
        }
    }

    static func handshake(_ state: SharedState, peer: @escaping Peer) -> Handshake {
        Handshake(
            hub: HubCredentials(publicURL: "https://node", party: party("CH-OCN"), name: "Hub"),
            peers: PeerClient { method, url, _, _ throws(OCPIError) in
                guard let answer = peer(method, url) else {
                    throw OCPIError(code: .unableToUseClientAPI, message: "\(url) did not answer")
                }
                return answer
            },
            registrationWriter: RegistrationWriter(
                state: state, secrets: Platforms.secrets, nodeAddress: "0xaa", hub: party("CH-OCN"), logger: Logger(label: "test")),
            logger: Logger(label: "test"))
    }

    /// Calls the API as the operator.
    func ask(
        _ method: HTTPRequest.Method, _ path: String, _ body: String = ""
    ) async throws -> (status: Int, json: JSONValue?, text: String) {
        let state = SharedState(
            directory: { self.directory },
            write: { (changes) throws(StateError) in
                if self.isReadOnly { throw StateError(description: "refused by the test") }
                let others = self.others.withLock { others in
                    defer { others = nil }
                    return others
                }
                self.apply(others?(self.directory) ?? [])
                self.apply(changes)
            })
        let router = Router()
        AdminAPI(
            state: state, handshake: Platforms.handshake(state, peer: peer), key: Platforms.key, publicURL: "https://node",
            logger: Logger(label: "test")
        ).addRoutes(to: router)
        return try await Application(router: router).test(.router) { client in
            let response = try await client.execute(
                uri: "/admin/" + path, method: method, headers: [.authorization: Platforms.key.authorization(encoding: .base64)],
                body: ByteBuffer(string: body))
            return (response.status.code, try? JSONValue.parse(response.body), String(buffer: response.body))
        }
    }

    /// A platform for AT-NEW that answers everything correctly.
    static let friendly: Peer = { method, url in
        switch url {
        case "https://peer.example/versions": ok([["version": "2.2.1", "url": "https://peer.example/2.2.1"]])
        case "https://peer.example/2.2.1":
            ok([
                "endpoints": [
                    ["identifier": "credentials", "role": "SENDER", "url": "https://peer.example/credentials"],
                    ["identifier": "cdrs", "role": "SENDER", "url": "https://peer.example/cdrs"],
                ]
            ])
        default:
            ok([
                "token": "their-token-c", "url": "https://peer.example/versions",
                "roles": [["role": "CPO", "country_code": "AT", "party_id": "NEW"]],
            ])
        }
    }

    private static func ok(_ data: JSONValue) -> PeerAnswer { PeerAnswer(httpStatus: 200, body: Envelope.success(data: data)) }
}

func party(_ text: String) -> PartyID {
    guard let party = PartyID(text) else { preconditionFailure("not a party: \(text)") }
    return party
}
