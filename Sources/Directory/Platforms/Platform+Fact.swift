package import Encoding
import OCPI

// How facts are written to `ocn.state`. Readers ignore members they do not know, so that versions can mix during an upgrade.

extension Fact {
    /// The record's value.
    package var json: JSONValue {
        switch self {
        case .platform(let platform): platform.json
        case .endpoints(let platform, let endpoints):
            .object(["platform": .string(platform), "endpoints": .array(endpoints.map(\.json))])
        case .status(let platform, let status, let time):
            .object(["platform": .string(platform), "status": .string(status.rawValue), "time": .string(time.description)])
        case .claim(let claim):
            .object([
                "party": .string(claim.party.description), "platform": .string(claim.platform),
                "since": .string(claim.since.description),
            ])
        case .clientInfo(let info), .announced(let info): info.json
        case .rules(let platform, let signatures, let active):
            .object([
                "platform": .string(platform), "signatures": .bool(signatures), "active": active.map { .string($0.rawValue) },
            ])
        case .rule(let platform, let list, let entry):
            .object([
                "platform": .string(platform), "list": .string(list.rawValue), "party": .string(entry.party.description),
                "modules": .array(entry.modules.map { .string($0.rawValue) }),
            ])
        case .node(let node):
            .object([
                "operator": .string(node.operatorAddress), "url": .string(node.url), "dialect": .string(node.dialect),
                "verbatim": .bool(node.isVerbatim), "source": .string(node.source),
            ])
        case .party(let party):
            .object([
                "party": .string(party.party.description), "roles": .array(party.roles.map(JSONValue.string)),
                "address": party.partyAddress.map(JSONValue.string), "operator": .string(party.operatorAddress),
                "source": .string(party.source),
            ])
        case .service(let service):
            .object([
                "provider": .string(service.provider.description), "name": .string(service.name),
                "url": service.url.map(JSONValue.string), "permissions": .array(service.permissions.map { .number(String($0)) }),
                "delivery": .string(service.delivery.rawValue), "source": .string(service.source),
            ])
        case .agreement(let agreement):
            .object([
                "user": .string(agreement.user.description), "provider": .string(agreement.provider.description),
                "source": .string(agreement.source),
            ])
        case .leader(let leader):
            .object(["instance": .string(leader.instance), "claim": .string(leader.claim)])
        case .outbox(let order): order.json
        case .outboxDone(let recipient, let partition, let rewindID):
            .object([
                "recipient": .string(recipient.canonical.description), "partition": .number(String(partition)), "rewind": .string(rewindID),
            ])
        case .breaker(let report): report.json
        case .storeRule(let rule): rule.json
        case .identity(let identity): identity.json
        case .process(let report): report.json
        case .origins(let platform, let origins):
            .object(["platform": .string(platform), "origins": .array(origins.map(JSONValue.string))])
        case .gone(let platform, let time):
            .object(["platform": .string(platform), "time": .string(time.description)])
        }
    }

    /// Reads a record of `ocn.state`.
    /// - Returns: nil if the key or the value is not one of ours; the caller counts it and goes on.
    package init?(key: String, json: JSONValue) {
        switch key.prefix(while: { $0 != "/" }) {
        case "platform": guard let platform = Platform(json: json) else { return nil }; self = .platform(platform)
        case "endpoints":
            guard let platform = json["platform"]?.string, let list = json["endpoints"]?.array else { return nil }
            self = .endpoints(platform: platform, list.compactMap(Endpoint.init(json:)))
        case "status":
            guard let platform = json["platform"]?.string, let status = json["status"]?.string.flatMap(PlatformStatus.init(rawValue:)),
                let time = json["time"]?.string.flatMap(Timestamp.init(rfc3339:))
            else { return nil }
            self = .status(platform: platform, status, time)
        case "claim":
            guard let party = json.party("party"), let platform = json["platform"]?.string,
                let since = json["since"]?.string.flatMap(Timestamp.init(rfc3339:))
            else { return nil }
            self = .claim(PartyClaim(party: party, platform: platform, since: since))
        case "clientinfo": guard let info = ClientInfo(json: json) else { return nil }; self = .clientInfo(info)
        case "announced": guard let info = ClientInfo(json: json) else { return nil }; self = .announced(info)
        case "rules":
            guard let platform = json["platform"]?.string else { return nil }
            self = .rules(
                platform: platform, signatures: json["signatures"]?.bool ?? false,
                active: json["active"]?.string.flatMap(OCNRules.List.init(rawValue:)))
        case "rule":
            guard let platform = json["platform"]?.string, let list = json["list"]?.string.flatMap(OCNRules.List.init(rawValue:)),
                let party = json.party("party")
            else { return nil }
            self = .rule(
                platform: platform, list, OCNRules.Entry(party: party, modules: json.strings("modules").map(ModuleID.init(rawValue:))))
        case "node":
            guard let address = json["operator"]?.string, let url = json["url"]?.string else { return nil }
            self = .node(
                NetworkNode(
                    operatorAddress: address, url: url, dialect: json["dialect"]?.string ?? "ocn-1",
                    isVerbatim: json["verbatim"]?.bool ?? false, source: json["source"]?.string ?? ""))
        case "party":
            guard let party = json.party("party"), let operatorAddress = json["operator"]?.string else { return nil }
            self = .party(
                NetworkParty(
                    party: party, roles: json.strings("roles"), partyAddress: json["address"]?.string, operatorAddress: operatorAddress,
                    source: json["source"]?.string ?? ""))
        case "service":
            guard let provider = json.party("provider"), let permissions = json["permissions"]?.array else { return nil }
            self = .service(
                NetworkService(
                    provider: provider, name: json["name"]?.string ?? "", url: json["url"]?.string,
                    permissions: permissions.compactMap(\.int),
                    delivery: json["delivery"]?.string.flatMap(ServiceDelivery.init(rawValue:)) ?? .push,
                    source: json["source"]?.string ?? ""))
        case "agreement":
            guard let user = json.party("user"), let provider = json.party("provider") else { return nil }
            self = .agreement(Agreement(user: user, provider: provider, source: json["source"]?.string ?? ""))
        case "leader":
            guard let instance = json["instance"]?.string, let claim = json["claim"]?.string else { return nil }
            self = .leader(LeaderClaim(instance: instance, claim: claim))
        case "outbox": guard let order = OutboxOrder(json: json) else { return nil }; self = .outbox(order)
        case "outboxdone":
            guard let recipient = json.party("recipient"), let partition = json["partition"]?.int.flatMap(Int32.init(exactly:)),
                let rewind = json["rewind"]?.string
            else { return nil }
            self = .outboxDone(recipient.canonical, partition: partition, rewindID: rewind)
        case "breaker":
            guard let report = BreakerReport(json: json) else { return nil }
            self = .breaker(report)
        case "store":
            // One rule under two keys could not be taken back by its own.
            guard let rule = StoreRule(json: json), FactKey.storeRule(rule) == key else { return nil }
            self = .storeRule(rule)
        case "identity": guard let identity = NodeIdentity(json: json) else { return nil }; self = .identity(identity)
        case "process": guard let report = ProcessReport(json: json) else { return nil }; self = .process(report)
        case "origins":
            guard let platform = json["platform"]?.string else { return nil }
            self = .origins(platform: platform, json.strings("origins"))
        case "gone":
            guard let platform = json["platform"]?.string, let time = json["time"]?.string.flatMap(Timestamp.init(rfc3339:)) else {
                return nil
            }
            self = .gone(platform: platform, time)
        default: return nil
        }
    }
}

extension Platform {
    fileprivate var json: JSONValue {
        let retiring = retiringTokens.map { JSONValue.object(["hash": .string($0.hash), "until": .string($0.until.description)]) }
        let ends = invitedUntil.sorted { $0.key < $1.key }.map {
            JSONMember(name: $0.key.canonical.description, value: .string($0.value.description))
        }
        let revision: JSONValue? = revision > 0 ? .number(String(revision)) : nil
        return .object([
            "id": .string(id), "token_a": tokenAHash.map(JSONValue.string),
            "token_a_expires": tokenAExpires.map { .string($0.description) },
            "token_c": .array(tokenCHashes.map(JSONValue.string)),
            "token_b": outboundToken.map { .string($0.text) }, "token_encoding": .string(tokenEncoding.rawValue),
            "versions_url": versionsURL.map(JSONValue.string), "version": version.map { .string($0.rawValue) },
            "retiring": .array(retiring), "roles": .array(roles.map(\.json)),
            "invited": .array(invited.map { .string($0.description) }), "invited_until": .object(ends),
            "endpoints": endpoints.map { .array($0.map(\.json)) }, "revision": revision,
        ])
    }

    fileprivate init?(json: JSONValue) {
        guard let id = json["id"]?.string else { return nil }
        self.init(
            id: id, tokenAHash: json["token_a"]?.string,
            tokenAExpires: json["token_a_expires"]?.string.flatMap(Timestamp.init(rfc3339:)), tokenCHashes: json.strings("token_c"),
            outboundToken: json["token_b"]?.string.map(SealedSecret.init(text:)),
            tokenEncoding: json["token_encoding"]?.string.flatMap(TokenEncoding.init(rawValue:)) ?? .base64,
            versionsURL: json["versions_url"]?.string, version: json["version"]?.string.flatMap(OCPIVersion.init(rawValue:)),
            roles: (json["roles"]?.array ?? []).compactMap(PlatformRole.init(json:)),
            invited: json.strings("invited").compactMap { PartyID($0) },
            invitedUntil: Platform.ends(json["invited_until"]?.members ?? []),
            retiringTokens: (json["retiring"]?.array ?? []).compactMap(RetiringToken.init(json:)),
            endpoints: json["endpoints"]?.array?.compactMap(Endpoint.init(json:)),
            // One that nothing can follow would keep out every change.
            revision: json["revision"]?.int.map(Int64.init).flatMap { 0...Platform.highestRevision ~= $0 ? $0 : nil } ?? 0)
    }

    private static let highestRevision: Int64 = 1 << 53

    private static func ends(_ members: [JSONMember]) -> [PartyID: Timestamp] {
        var ends: [PartyID: Timestamp] = [:]
        for member in members {
            guard let party = PartyID(member.name), let end = member.value.string.flatMap(Timestamp.init(rfc3339:)) else { continue }
            ends[party] = end
        }
        return ends
    }
}

extension RetiringToken {
    fileprivate init?(json: JSONValue) {
        guard let hash = json["hash"]?.string, let until = json["until"]?.string.flatMap(Timestamp.init(rfc3339:)) else { return nil }
        self.init(hash: hash, until: until)
    }
}

extension PlatformRole {
    /// As in a Credentials object (OCPI 2.2.1, 7.4.2).
    package var json: JSONValue {
        .object([
            "role": .string(role), "business_details": businessDetails, "party_id": .string(party.party),
            "country_code": .string(party.country),
        ])
    }

    /// - Parameter json: one entry of a Credentials object's `roles`; nil if a required member is missing.
    package init?(json: JSONValue) {
        guard let role = json["role"]?.string, let country = json["country_code"]?.string, let id = json["party_id"]?.string,
            let party = PartyID(country: country, party: id)
        else { return nil }
        self.init(role: role, party: party, businessDetails: json["business_details"])
    }
}

extension Endpoint {
    fileprivate var json: JSONValue {
        ["identifier": .string(module.rawValue), "role": .string(interface.rawValue), "url": .string(url)]
    }

    /// - Parameter json: one entry of a version's `endpoints`; nil if a required member is missing.
    package init?(json: JSONValue) {
        guard let module = json["identifier"]?.string, let interface = json["role"]?.string.flatMap(InterfaceRole.init(rawValue:)),
            let url = json["url"]?.string
        else { return nil }
        self.init(module: ModuleID(rawValue: module), interface: interface, url: url)
    }
}

extension JSONValue {
    fileprivate func party(_ name: String) -> PartyID? { self[name]?.string.flatMap { PartyID($0) } }
    fileprivate func strings(_ name: String) -> [String] { (self[name]?.array ?? []).compactMap(\.string) }
}
