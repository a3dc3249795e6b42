import HashTreeCollections
import OCPI

/// Operators' orders, and the state of the node's processes.
struct OperationsIndex: Sendable {
    static let kinds: [any StateFact.Type] = [
        OutboxOrder.self, RewindDone.self, BreakerReport.self, StoreRule.self, LeaderClaim.self, NodeIdentity.self, ProcessReport.self,
    ]

    var orders: TreeDictionary<PartyID, OutboxOrder> = [:]
    var rewinds: TreeDictionary<RewindDone.Place, RewindDone> = [:]
    /// By recipient and worker.
    private(set) var breakers: TreeDictionary<PartyID, TreeDictionary<String, BreakerReport>> = [:]
    /// By recipient, which has a handful at most.
    private(set) var storeRules: TreeDictionary<PartyID, TreeSet<StoreRule>> = [:]
    var processes: TreeDictionary<String, ProcessReport> = [:]
    /// The newest claim to be the leader.
    var leader: LeaderClaim?
    /// The identity that all processes of this node share.
    var identity: NodeIdentity?

    mutating func add(_ report: BreakerReport) { breakers[report.recipient, default: [:]][report.worker] = report }

    mutating func remove(_ report: BreakerReport) {
        breakers[report.recipient]?[report.worker] = nil
        if breakers[report.recipient]?.isEmpty == true { breakers[report.recipient] = nil }
    }

    mutating func add(_ rule: StoreRule) { storeRules[rule.recipient, default: []].insert(rule) }

    mutating func remove(_ rule: StoreRule) {
        storeRules[rule.recipient]?.remove(rule)
        if storeRules[rule.recipient]?.isEmpty == true { storeRules[rule.recipient] = nil }
    }
}
