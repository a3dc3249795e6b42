import Directory
import OCPI
import Topics

/// Where a request goes next.
enum Destination: Sendable, Equatable {
    /// A platform that is connected here.
    case platform(url: String, authorization: String)
    /// The node of a party that is connected elsewhere.
    case node(NetworkNode)
    /// Nowhere, for now.
    case none(Obstacle)

    /// - Parameters:
    ///   - ownOperator: this node's operator address, lower case with `0x`. A party that the registry lists here and that never
    ///     connected is unknown; asking ourselves would only say so later.
    init(of record: RequestRecord, in directory: Directory, ownOperator: String) {
        if let platform = directory.platform(of: record.to) {
            self = Self.local(record, platform, directory)
        } else if let node = directory.node(of: record.to), node.operatorAddress != ownOperator {
            self = .node(node)
        } else {
            self = .none(Obstacle(.refused, .unknownReceiver, "recipient \(record.to) is not on the network"))
        }
    }

    private static func local(_ record: RequestRecord, _ platform: Platform, _ directory: Directory) -> Destination {
        guard let authorization = directory.authorization(for: platform) else {
            return .none(Obstacle(.unreachable, .connectionProblem, "recipient \(record.to) gave no token to call it with"))
        }
        if let target = record.target { return .platform(url: target, authorization: authorization) }
        guard let base = directory.endpoint(of: platform.id, record.module, record.interface) else {
            return .none(
                Obstacle(
                    .refused, .invalidParameters,
                    "recipient \(record.to) does not implement the \(record.interface.path) interface of \(record.module)"))
        }
        return .platform(url: URLJoin.join(base, record.path, query: record.query), authorization: authorization)
    }
}

/// Why a request was not sent, in the words of the answer.
struct Obstacle: Error, Sendable, Equatable {
    let outcome: Outcome
    let status: StatusCode
    let message: String

    init(_ outcome: Outcome, _ status: StatusCode, _ message: String) {
        self.outcome = outcome
        self.status = status
        self.message = message
    }
}
