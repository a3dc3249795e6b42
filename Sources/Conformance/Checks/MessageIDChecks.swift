import NIOCore
import OCPI
import Wire

/// Requirements 114 to 121: X-Request-ID and X-Correlation-ID.
enum MessageIDChecks {
    static let all: [Check] = [
        Check(114) { rig in
            for reply in try await answers(rig) {
                try same("X-Request-ID of the answer to \(reply.line)", reply.header(OCPIHeader.requestID), reply.requestID)
            }
        },
        Check(115) { rig in
            for reply in try await answers(rig) {
                try same("X-Correlation-ID of the answer to \(reply.line)", reply.header(OCPIHeader.correlationID), reply.correlationID)
            }
        },
        Check(116) { rig in
            let reply = try await session(rig)
            let id = try require(try await rig.emsp.arrival(of: reply).requestID, "the recipient got no X-Request-ID")
            try require(!id.isEmpty && id != reply.requestID, "the recipient got the requester's own X-Request-ID")
        },
        Check(117) { rig in
            let reply = try await session(rig)
            try same("X-Correlation-ID at the recipient", try await rig.emsp.arrival(of: reply).correlationID, reply.correlationID)
        },
        Check(118) { rig in
            rig.emsp.script {
                $0.interface == nil
                    ? nil : .success(headers: [(OCPIHeader.requestID, "id-of-the-second-hop"), (OCPIHeader.correlationID, "x")])
            }
            let reply = try await session(rig)
            try same("X-Request-ID of the answer", reply.header(OCPIHeader.requestID), reply.requestID)
            try same("X-Correlation-ID of the answer", reply.header(OCPIHeader.correlationID), reply.correlationID)
        },
        Check(119) { rig in
            let id = Sample.id("LOC")
            let reply = try await rig.cpo.send(
                .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: rig.hub.party, body: Sample.location(id, of: rig.cpo.id)
            ).expectSuccess()
            let correlation = reply.correlationID
            var ids = [reply.requestID]
            for (recipient, count) in [(rig.emsp, 1), (rig.otherEMSP, 1), (rig.both, 2)] {
                let entries = await recipient.received.wait(within: .seconds(5)) { $0.count { $0.correlationID == correlation } >= count }
                let copies = try require(entries, "\(recipient.id) did not get its copies").filter { $0.correlationID == correlation }
                ids += copies.map(\.requestID)
            }
            try same("the number of different X-Request-IDs of a broadcast and its copies", Set(ids).count, 5)
            try require(!ids.contains(nil), "a copy has no X-Request-ID")
        },
        Check(120) { rig in
            for missing in [[OCPIHeader.requestID], [OCPIHeader.correlationID], [OCPIHeader.requestID, OCPIHeader.correlationID]] {
                let id = Sample.id("SES")
                let path = Sample.path(rig.cpo.id, id)
                let reply = try await rig.cpo.send(
                    .put, .sessions, .receiver, path, to: rig.emsp.id, body: Sample.session(id, of: rig.cpo.id, driver: rig.emsp.id),
                    omitting: missing
                ).expectSuccess()
                let request = try await rig.emsp.arrival(reply.line) { $0.rest == path }
                try require(request.requestID?.isEmpty == false, "the recipient got no X-Request-ID")
                try require(request.correlationID?.isEmpty == false, "the recipient got no X-Correlation-ID")
                try same("X-Correlation-ID of the answer", reply.header(OCPIHeader.correlationID), request.correlationID)
                try require(reply.header(OCPIHeader.requestID)?.isEmpty == false, "the answer has no X-Request-ID")
            }
        },
        Check(121) { rig in
            let cpo = rig.cpo
            for url in [
                rig.hub.versionsURL, try await cpo.detailsURL(of: rig.hub.version), try cpo.credentialsURL(),
                try cpo.endpoint(.hubclientinfo, .sender),
            ] {
                let reply = try await cpo.configure(.get, url).expectSuccess()
                try same("X-Request-ID of the answer to \(reply.line)", reply.header(OCPIHeader.requestID), reply.requestID)
                try same("X-Correlation-ID of the answer to \(reply.line)", reply.header(OCPIHeader.correlationID), reply.correlationID)
            }
            // The hub reads versions and details again.
            try await cpo.putCredentials().expectSuccess()
            let asked = cpo.received.entries.filter { $0.method == .get && $0.interface == nil }
            try require(asked.count >= 2, "the hub did not read versions and details")
            for request in asked {
                try require(request.requestID?.isEmpty == false, "GET \(request.path) came without X-Request-ID")
                try require(request.correlationID?.isEmpty == false, "GET \(request.path) came without X-Correlation-ID")
            }
        },
    ]

    private static func session(_ rig: Rig, to: PartyID? = nil) async throws -> Reply {
        let id = Sample.id("SES")
        return try await rig.cpo.send(
            .put, .sessions, .receiver, Sample.path(rig.cpo.id, id), to: to ?? rig.emsp.id,
            body: Sample.session(id, of: rig.cpo.id, driver: rig.emsp.id))
    }

    /// Of a party, of the hub instead of a party, and refusals.
    private static func answers(_ rig: Rig) async throws -> [Reply] {
        let id = Sample.id("LOC")
        let broadcast = try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: rig.hub.party, body: Sample.location(id, of: rig.cpo.id))
        let list = try await rig.emsp.send(.get, .tariffs, .sender, to: rig.hub.party)
        return [
            try await session(rig).expectSuccess(), try broadcast.expectSuccess(), try list.expectSuccess(),
            try await session(rig, to: rig.cast.unknown).expect(code: 4001), try await session(rig, to: rig.hub.party),
        ]
    }
}
