package import Encoding
package import OCPI

/// One record of `ocn.state`: the newest per key counts, and no write touches somebody else's key (invariant 8).
package enum Fact: Sendable, Equatable {
    /// A platform's credentials.
    case platform(Platform)
    /// What a platform advertised.
    case endpoints(platform: String, [Endpoint])
    /// Whether a platform can be reached, and since when.
    case status(platform: String, PlatformStatus, Timestamp)
    /// Which platform serves a party.
    case claim(PartyClaim)
    /// How a party stands that is not served here: told by its node, or left behind by a platform that has gone.
    case clientInfo(ClientInfo)
    /// What platforms and other nodes were told last about a party.
    case announced(ClientInfo)
    /// Which list of a platform's OcnRules is active, and whether it wants signatures.
    case rules(platform: String, signatures: Bool, active: OCNRules.List?)
    /// One entry of one list of a platform's OcnRules.
    case rule(platform: String, OCNRules.List, OCNRules.Entry)
    /// A node of the network.
    case node(NetworkNode)
    /// A party of the network.
    case party(NetworkParty)
    /// A service that asks for copies.
    case service(NetworkService)
    /// An agreement in force.
    case agreement(Agreement)
    /// Who leads.
    case leader(LeaderClaim)
    /// What an operator ordered for a recipient's outbox.
    case outbox(OutboxOrder)
    /// The last rewind of a recipient's outbox that was carried out on a partition, by its id.
    case outboxDone(PartyID, partition: Int32, rewindID: String)
    /// A worker makes no calls, or only a few, to a recipient. Deleted when it calls again.
    case breaker(BreakerReport)
    /// What is sent to a recipient is stored and forwarded.
    case storeRule(StoreRule)
    /// What makes processes those of this node.
    case identity(NodeIdentity)
    /// What a process says of itself while it lives.
    case process(ProcessReport)
    /// Where URLs of a platform may lead besides its endpoints: origins as `URLJoin.origin(of:)` writes them.
    case origins(platform: String, [String])
    /// A platform was removed, and when. Whatever else is written about it, before or after, counts no more: a platform that comes back has
    /// another id.
    case gone(platform: String, Timestamp)

    /// Kafka key.
    package var key: String {
        switch self {
        case .platform(let platform): FactKey.platform(platform.id)
        case .endpoints(let platform, _): FactKey.endpoints(platform)
        case .status(let platform, _, _): FactKey.status(platform)
        case .claim(let claim): FactKey.claim(claim.party, platform: claim.platform)
        case .clientInfo(let info): FactKey.clientInfo(info.party, role: info.role)
        case .announced(let info): FactKey.announced(info.party, role: info.role)
        case .rules(let platform, _, _): FactKey.rules(platform)
        case .rule(let platform, let list, let entry): FactKey.rule(platform, list, entry.party)
        case .node(let node): FactKey.node(node.operatorAddress)
        case .party(let party): FactKey.party(party.party)
        case .service(let service): FactKey.service(service.provider)
        case .agreement(let agreement): FactKey.agreement(user: agreement.user, provider: agreement.provider)
        case .leader: FactKey.leader
        case .outbox(let order): FactKey.outbox(order.recipient)
        case .outboxDone(let recipient, let partition, _): FactKey.outboxDone(recipient, partition: partition)
        case .breaker(let report): FactKey.breaker(report.recipient, worker: report.worker)
        case .storeRule(let rule): FactKey.storeRule(rule)
        case .identity: FactKey.identity
        case .process(let report): FactKey.process(report.instance)
        case .origins(let platform, _): FactKey.origins(platform)
        case .gone(let platform, _): FactKey.gone(platform)
        }
    }
}

extension Fact {
    /// The platform that it is about and that must be there for it to mean anything.
    var platform: String? {
        switch self {
        case .platform(let platform): platform.id
        case .endpoints(let platform, _), .status(let platform, _, _), .rules(let platform, _, _), .rule(let platform, _, _),
            .origins(let platform, _):
            platform
        case .claim(let claim): claim.platform
        default: nil
        }
    }

    /// Whether `standing` stays in force: both follow the same record, and it was there first.
    func isOverruled(by standing: Fact) -> Bool {
        guard case .platform(let new) = self, case .platform(let old) = standing else { return false }
        return new.revision > 0 && new.revision <= old.revision && new != old
    }

    /// The same, as a record that follows this one and every other one that there was until now.
    var following: Fact {
        guard case .platform(let platform) = self else { return self }
        return .platform(platform.changed { _ in })
    }

    /// The fact with an end for whatever lets somebody in and has none.
    /// - Parameter written: when the record was.
    func dated(from written: Timestamp) -> Fact {
        guard case .platform(let platform) = self else { return self }
        return .platform(platform.dated(from: written))
    }

    /// The fact with no time later than `latest` of when something was so: nothing later would ever count, and it would never be too old. And
    /// with no end of something that is later than a process would have set it.
    /// - Parameter written: when the record was.
    /// - Returns: nil if it has none.
    func bounded(by latest: Timestamp, written: Timestamp) -> Fact? {
        switch self {
        case .platform(let platform): return platform.bounded(written: written).map(Fact.platform)
        case .gone(let platform, let time) where time > latest: return .gone(platform: platform, latest)
        case .status(let platform, let status, let time) where time > latest: return .status(platform: platform, status, latest)
        case .claim(var claim) where claim.since > latest:
            claim.since = latest
            return .claim(claim)
        case .clientInfo(var info) where info.lastUpdated > latest:
            info.lastUpdated = latest
            return .clientInfo(info)
        case .announced(var info) where info.lastUpdated > latest:
            info.lastUpdated = latest
            return .announced(info)
        case .breaker(var report) where report.seen > latest || report.since > latest:
            report.seen = min(report.seen, latest)
            report.since = min(report.since, latest)
            return .breaker(report)
        case .process(var report) where report.seen > latest:
            report.seen = latest
            return .process(report)
        default: return nil
        }
    }
}

/// One write to `ocn.state`.
package enum FactChange: Sendable, Equatable {
    /// The fact holds from now on.
    case put(Fact)
    /// Whatever stood under this key no longer holds.
    case delete(key: String)

    var key: String {
        switch self {
        case .put(let fact): fact.key
        case .delete(let key): key
        }
    }
}
