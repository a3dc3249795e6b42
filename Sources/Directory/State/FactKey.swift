import Encoding
package import OCPI

/// Kafka keys of `ocn.state`, for deletions.
package enum FactKey {
    /// A platform's credentials.
    package static func platform(_ id: String) -> String { "platform/\(id)" }
    /// A platform's endpoint list.
    package static func endpoints(_ platform: String) -> String { "endpoints/\(platform)" }
    /// A platform's status.
    package static func status(_ platform: String) -> String { "status/\(platform)" }
    /// A platform's claim of a party.
    package static func claim(_ party: PartyID, platform: String) -> String { "claim/\(party.canonical)/\(platform)" }
    /// How a party stands that is not served here.
    package static func clientInfo(_ party: PartyID, role: String) -> String { "clientinfo/\(party.canonical)/\(role)" }
    /// What was told last about a party.
    package static func announced(_ party: PartyID, role: String) -> String { "announced/\(party.canonical)/\(role)" }
    /// A platform's OcnRules without their entries.
    package static func rules(_ platform: String) -> String { "rules/\(platform)" }
    /// One entry of a platform's OcnRules.
    package static func rule(_ platform: String, _ list: OCNRules.List, _ party: PartyID) -> String {
        "rule/\(platform)/\(list.rawValue)/\(party.canonical)"
    }
    /// A node, by its operator's address.
    package static func node(_ operatorAddress: String) -> String { "node/\(operatorAddress.lowercased())" }
    /// A party of the network.
    package static func party(_ party: PartyID) -> String { "party/\(party.canonical)" }
    /// A party's service.
    package static func service(_ provider: PartyID) -> String { "service/\(provider.canonical)" }
    /// A user's agreement with a provider.
    package static func agreement(user: PartyID, provider: PartyID) -> String {
        "agreement/\(user.canonical)/\(provider.canonical)"
    }
    /// The leader's claim.
    package static let leader = "leader"
    /// What was ordered for an outbox.
    package static func outbox(_ recipient: PartyID) -> String { "outbox/\(recipient.canonical)" }
    /// The last rewind that was carried out on a partition of an outbox.
    package static func outboxDone(_ recipient: PartyID, partition: Int32) -> String { "outboxdone/\(recipient.canonical)/\(partition)" }
    /// How a worker's breaker for a recipient stands.
    package static func breaker(_ recipient: PartyID, worker: String) -> String { "breaker/\(recipient.canonical)/\(worker)" }
    /// A rule to store and forward.
    package static func storeRule(_ rule: StoreRule) -> String { "store/\(rule.recipient)/\(rule.module)/\(rule.method)" }
    /// What makes processes those of this node.
    package static let identity = "identity"
    /// What a process says of itself.
    package static func process(_ instance: String) -> String { "process/\(instance)" }
    /// Where else URLs of a platform may lead.
    package static func origins(_ platform: String) -> String { "origins/\(platform)" }
    /// That a platform was removed.
    package static func gone(_ platform: String) -> String { "gone/\(platform)" }
}
