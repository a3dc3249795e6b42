import Directory
import OCPI
import Outbound
import Topics

/// Where a request goes next.
enum RecipientRoute: Sendable, Equatable {
    /// A platform that is connected here.
    case platform(url: String, authorization: String)
    /// The node of a party that is connected elsewhere.
    case node(NetworkNode)
    /// Nowhere, for now.
    case none(ExchangeFailure)

    /// - Parameters:
    ///   - ownOperator: this node's operator address, lower case with `0x`. A party that the registry lists here and that is not
    ///     connected is known and cannot be reached; asking ourselves would only say so later.
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
        // Nothing goes to a party that is OFFLINE, PLANNED or SUSPENDED (OCPI 2.2.1, 14.2). Of a party elsewhere its own node judges.
        let status = directory.status(of: platform.id)
        guard status == .connected else {
            return .none(ExchangeFailure(.unreachable, .notCalled(record.to, status.rawValue)))
        }
        guard let authorization = directory.authorization(for: platform) else {
            // Told in the log when it was read.
            guard platform.outboundToken == nil else { return .none(ExchangeFailure(.refused, .unreadableToken(record.to))) }
            return .none(ExchangeFailure(.unreachable, .noToken(record.to)))
        }
        if let target = record.target { return .platform(url: target, authorization: authorization) }
        guard let base = directory.endpoint(of: platform.id, record.module, record.interface) else {
            return .none(ExchangeFailure(.refused, .notImplemented(record.to, record.module, record.interface)))
        }
        // Kept as an older version registered it.
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
