import Directory
import Encoding
import OCPI
import Topics

/// The unannounced status changes of parties, and their recipients (OCPI 2.2.1, 14.2 and 14.3.1; OCN node 1.1, `/ocn/client-info`). A
/// value.
struct ClientInfoDiff {
    let directory: Directory
    /// The hub's own party.
    let hub: PartyID
    /// Operator address of this node, lower case.
    let nodeAddress: String
    private let platforms: [Listener]
    private let nodes: [NetworkNode]

    /// A platform that receives announcements.
    private struct Listener {
        let platform: Platform
        /// One of its parties: a platform with several parties gets one announcement.
        let party: PartyID
        let rules: OCNRules
    }

    /// The number of platforms and nodes that may receive announcements.
    var listeners: Int { platforms.count + nodes.count }

    init(_ directory: Directory, hub: PartyID, nodeAddress: String) {
        self.directory = directory
        self.hub = hub
        self.nodeAddress = nodeAddress
        platforms = directory.platforms.compactMap { platform in
            guard platform.isRegistered, directory.status(of: platform.id) == .connected,
                directory.endpoint(of: platform.id, .hubclientinfo, .receiver) != nil,
                let party = platform.roles.lazy.map(\.party).first(where: { directory.serves(platform, $0) })
            else { return nil }
            return Listener(platform: platform, party: party, rules: directory.rules(of: platform.id))
        }
        nodes = directory.nodes.filter { $0.operatorAddress != nodeAddress && !$0.url.isEmpty }
    }

    /// Parties and roles whose status differs from the last announced one; a newer time alone is no change.
    /// - Parameter now: the time of the change, if the state has none.
    func differences(now: Timestamp) -> [ClientInfo] {
        directory.clientInfos().compactMap { info in
            let announced = directory.announced(info.party, role: info.role)
            guard announced?.status != info.status else { return nil }
            var info = info
            if info.lastUpdated <= announced?.lastUpdated ?? Timestamp(milliseconds: 0) { info.lastUpdated = now }
            return info
        }
    }

    /// Deletions of outdated facts. First, reports of other nodes about parties that are no longer theirs: the registry lists them at this
    /// node or nowhere. The entry of a party that left this node stays until its departure has been announced; a role that the registry no
    /// longer lists is announced as suspended first. Second, announcements of roles that an older version let platforms invent: their
    /// deletion is not announced, because there may be thousands.
    var outdated: [FactChange] {
        let reports = directory.toldClientInfos.filter { info in
            guard !directory.isUnlisted(info) else { return true }
            guard let listed = directory.networkParty(info.party) else {
                return info.status != .suspended || directory.announced(info.party, role: info.role)?.status == .suspended
            }
            return listed.operatorAddress == nodeAddress && info.status != .suspended
        }
        return reports.map { .delete(key: FactKey.clientInfo($0.party, role: $0.role)) }
            + directory.inventedAnnouncements.map { .delete(key: FactKey.announced($0.party, role: $0.role)) }
    }

    /// One record for every platform that may know the party and accepts client infos, and, for a party of this node, one for every other
    /// node. All have the same correlation id.
    func announcements(of info: ClientInfo, now: Timestamp) -> [AnnouncementRecord] {
        let request = request(info, now: now)
        let home = directory.platform(of: info.party)
        let toPlatforms = platforms.filter { $0.platform.id != home?.id && $0.rules.mayKnow(info.party) }.map { listener in
            var request = request
            request.id = UUIDText.v7()
            request.requestID = UUIDText.v4()
            request.to = listener.party
            request.version = listener.platform.version ?? .v2_2_1
            return AnnouncementRecord(request: request)
        }
        guard home != nil || directory.networkParty(info.party)?.operatorAddress == nodeAddress else { return toPlatforms }
        return toPlatforms
            + nodes.map { node in
                var request = request
                request.id = UUIDText.v7()
                request.requestID = UUIDText.v4()
                return AnnouncementRecord(request: request, node: node.operatorAddress)
            }
    }

    private func request(_ info: ClientInfo, now: Timestamp) -> RequestRecord {
        RequestRecord(
            id: UUIDText.v7(), time: now, module: .hubclientinfo, interface: .receiver, method: .put, version: .v2_2_1, from: hub,
            to: info.party, path: "\(info.party.country)/\(info.party.party)", requestID: UUIDText.v4(), correlationID: UUIDText.v4(),
            origin: .hub, stateVersion: directory.version, contentType: "application/json", body: info.json.encoded(),
            key: "\(info.party.canonical)|\(ModuleID.hubclientinfo)|\(info.role)")
    }
}
