package import Encoding
package import OCPI

/// The status of a party, as the hub announces it (OCPI 2.2.1, 14.3.1 ClientInfo). One per party and role.
package struct ClientInfo: Sendable, Equatable {
    /// The party.
    package var party: PartyID
    /// `CPO`, `EMSP`, …; other values are allowed.
    package var role: String
    /// Whether it can be reached.
    package var status: PlatformStatus
    /// When the status was last known to hold.
    package var lastUpdated: Timestamp

    package init(party: PartyID, role: String, status: PlatformStatus, lastUpdated: Timestamp) {
        self.party = party
        self.role = role
        self.status = status
        self.lastUpdated = lastUpdated
    }

    /// The OCPI object, members in the order of the reference node.
    package var json: JSONValue {
        [
            "party_id": .string(party.party), "country_code": .string(party.country), "role": .string(role),
            "status": .string(status.rawValue), "last_updated": .string(lastUpdated.description),
        ]
    }

    /// Parses the OCPI object; nil if a member is missing or invalid.
    package init?(json: JSONValue) {
        guard let country = json["country_code"]?.string, let id = json["party_id"]?.string,
            let party = PartyID(country: country, party: id),
            let role = json["role"]?.string, !role.isEmpty, let status = json["status"]?.string.flatMap(PlatformStatus.init(rawValue:)),
            let time = json["last_updated"]?.string.flatMap(Timestamp.init(rfc3339:))
        else { return nil }
        self.init(party: party, role: role, status: status, lastUpdated: time)
    }
}

extension Directory {
    /// The client infos of all known parties, by party and role: this node's platforms with their status, parties that other nodes
    /// announced or that left, the registry's other parties as PLANNED, and as SUSPENDED those that were announced once and are no longer
    /// known.
    ///
    /// If the begin of a status is not known, it is the time of its announcement.
    /// - Parameter registered: the `last_updated` of a registry party that was not announced yet.
    package func clientInfos(registered: Timestamp = Timestamp(milliseconds: 0)) -> [ClientInfo] {
        var infos: [ClientInfoName: ClientInfo] = [:]
        let silent = Set(inventedAnnouncements.map(\.name))
        for info in announcedClientInfos where !silent.contains(info.name) {
            infos[info.name] = ClientInfo(party: info.party, role: info.role, status: .suspended, lastUpdated: info.lastUpdated)
        }
        for party in parties where party.isListed {
            for role in party.roles {
                let info = ClientInfo(party: party.party.canonical, role: role, status: .planned, lastUpdated: registered)
                infos[info.name] = info
            }
        }
        for info in toldClientInfos where !isUnlisted(info) { infos[info.name] = info }
        for platform in platforms where platform.isRegistered {
            let status = status(of: platform.id)
            for role in platform.roles where serves(platform, role.party) && mayHave(role) {
                let info = ClientInfo(
                    party: role.party.canonical, role: role.role, status: status, lastUpdated: lastUpdated(of: platform.id) ?? registered)
                infos[info.name] = info
            }
        }
        return infos.values.map { info in
            guard let announced = announced(info.party, role: info.role), announced.status == info.status else { return info }
            var info = info
            info.lastUpdated = max(info.lastUpdated, announced.lastUpdated)
            return info
        }.sorted { ($0.party, $0.role) < ($1.party, $1.role) }
    }

    /// Whether a client info has a role that neither OCPI defines nor the registry lists for its party. Such client infos are refused. A
    /// party that the registry does not list may have had any role.
    package func isUnlisted(_ info: ClientInfo) -> Bool {
        networkParty(info.party).map { !$0.mayHave(role: info.role.uppercased()) } ?? false
    }

    /// Announced unlisted roles of parties that have more of them than a platform may have roles. The registry never listed these: an older
    /// version accepted invented roles. O(announced client infos).
    package var inventedAnnouncements: [ClientInfo] {
        let unlisted = Dictionary(grouping: announcedClientInfos.filter(isUnlisted), by: \.party)
        return unlisted.values.filter { $0.count > Platform.maxRoles }.flatMap(\.self)
    }

    /// Whether the party may register with the role.
    package func mayHave(_ role: PlatformRole) -> Bool {
        networkParty(role.party)?.mayHave(role: role.role) ?? (PartyRole(rawValue: role.role) != nil)
    }
}

extension ClientInfo {
    var name: ClientInfoName { ClientInfoName(party: party, role: role) }
}

extension NetworkParty {
    /// Whether the party is on the network: the registries keep a removed party without an operator.
    package var isListed: Bool { operatorAddress.contains { $0 != "0" && $0 != "x" } }
}
