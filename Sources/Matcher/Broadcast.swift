package import Directory
package import OCPI
package import Topics

/// Broadcast Push: the recipients of a request that is addressed to the hub itself (OCPI 2.2.1, 4.1.5). Pure functions.
package enum Broadcast {
    /// The announcements of one request, one per recipient, in the hub's own name; none unless the request entered at this node, is
    /// addressed to the hub and may be broadcast.
    ///
    /// Recipients are the connected parties of this node whose role is among those that the sender's roles reach, whose platform has the
    /// module's RECEIVER interface and whose OcnRules accept the sender; never the sender itself. The sender's signature is kept with the
    /// parties that it covers, and PUSH signs the request again. Recipients that require signatures do not get unsigned requests.
    package static func announcements(of request: RequestRecord, hub: PartyID, in directory: Directory) -> [AnnouncementRecord] {
        guard request.origin == .local, request.to == hub, request.target == nil, request.module.isFunctional,
            ModuleTable.hubUse(request.method, request.route).contains(.broadcast)
        else { return [] }
        return recipients(of: request, in: directory).map { recipient in
            var announced = request
            announced.id = Fanout.announcementID(of: request, for: recipient)
            announced.from = hub
            announced.to = recipient
            announced.origin = .hub
            // The state on which this decision depends: PUSH must have read at least as far before it looks up the recipient.
            announced.stateVersion = directory.version
            let original = AnnouncementRecord.Route(from: request.from, to: request.to)
            return AnnouncementRecord(request: announced, original: request.signature == nil ? nil : original)
        }
    }

    private static func recipients(of request: RequestRecord, in directory: Directory) -> [PartyID] {
        let senderRoles = directory.platform(of: request.from)?.roles.filter { $0.party == request.from }.map(\.role) ?? []
        let audience = BroadcastRoles.roles(for: request.module, from: senderRoles)
        guard !audience.isEmpty else { return [] }
        var known: Set<PartyID> = [request.from]
        var recipients: [PartyID] = []
        for platform in directory.platforms where platform.isRegistered && directory.status(of: platform.id) == .connected {
            guard directory.endpoint(of: platform.id, request.module, .receiver) != nil else { continue }
            for role in platform.roles
            where audience.contains(role.role) && directory.serves(platform, role.party)
                && directory.refusal(of: request.from, to: role.party, request.module) == nil
                && directory.isContent(role.party, withSignature: request.signature) && known.insert(role.party).inserted
            {
                recipients.append(role.party)
            }
        }
        return recipients
    }
}
