import Directory
import OCPI
import Outbound
import Topics

/// The destination of a request.
enum RecipientRoute: Sendable, Equatable {
    /// A platform connected to this node.
    case platform(url: String, authorization: String)
    /// The node of a party that is connected to another node.
    case node(NetworkNode)
    /// No destination at the moment.
    case none(ExchangeFailure)

    /// - Parameters:
    ///   - ownOperator: this node's operator address, lower case with `0x`. A party that the registry lists here but that is not connected
    ///     is known and unreachable; a message of this node to itself would only find that out later.
    init(of record: RequestRecord, in directory: Directory, ownOperator: String) {
        if let platform = directory.platform(of: record.to) {
            self = Self.local(record, platform, directory)
        } else if let node = directory.node(of: record.to) {
            self =
                node.operatorAddress == ownOperator
                ? .none(ExchangeFailure(.unreachable, .notConnected(record.to))) : .node(node)
        } else if directory.networkParty(record.to) != nil {
            self = .none(ExchangeFailure(.unreachable, .nodeNotListed(record.to)))
        } else {
            self = .none(ExchangeFailure(.refused, .unknownReceiver(record.to)))
        }
    }

    private static func local(_ record: RequestRecord, _ platform: Platform, _ directory: Directory) -> RecipientRoute {
        // No request is sent to an OFFLINE, PLANNED or SUSPENDED party (OCPI 2.2.1, 14.2). For a party of another node, that node decides.
        let status = directory.status(of: platform.id)
        guard status == .connected else {
            return .none(ExchangeFailure(.unreachable, .notCalled(record.to, status.rawValue)))
        }
        guard let authorization = directory.authorization(for: platform) else {
            // The token was logged as unreadable when it was read.
            guard platform.outboundToken == nil else { return .none(ExchangeFailure(.refused, .unreadableToken(record.to))) }
            return .none(ExchangeFailure(.unreachable, .noToken(record.to)))
        }
        if let target = record.target { return .platform(url: target, authorization: authorization) }
        guard let base = directory.endpoint(of: platform.id, record.module, record.interface) else {
            return .none(ExchangeFailure(.refused, .notImplemented(record.to, record.module, record.interface)))
        }
        // Such a URL was registered with an older version, which accepted it.
        if let defect = URLJoin.defect(of: base) {
            return .none(ExchangeFailure(.refused, .unusableEndpoint(record.to, record.module, record.interface, defect)))
        }
        let url = URLJoin.join(base, record.path, query: record.query)
        let isEndpoint = record.path.isEmpty && record.query == nil
        guard isEndpoint || !directory.leadsToConfiguration(url, of: record.to, record.module, below: base) else {
            return .none(ExchangeFailure(.refused, .notOfModule(record.to, record.module)))
        }
        return .platform(url: url, authorization: authorization)
    }
}
