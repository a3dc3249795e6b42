import NIOCore
import OCPI
import Wire

/// Requirements 83 to 92: Broadcast Push.
enum BroadcastChecks {
    static let all: [Check] = [
        Check(83) { rig in
            let reply = try await location(rig).expectSuccess()
            for recipient in [rig.emsp, rig.otherEMSP] {
                let request = try await recipient.arrival(of: reply)
                try same("the method of the copy", request.method, .put)
                try same("the module of the copy", request.interface, Interface(.locations, .receiver))
            }
        },
        Check(84) { rig in
            for recipient in [rig.emsp, rig.otherEMSP, rig.both] {
                recipient.script { $0.interface == nil ? nil : Answer.failure(2003, "not the hub").after(.milliseconds(500)) }
            }
            let reply = try await location(rig).expectSuccess()
            try same("OCPI-to of the answer", reply.to, rig.cpo.id)
            try same("OCPI-from of the answer", reply.from, rig.hub.party)
        },
        Check(85) { rig in
            let reply = try await location(rig)
            for (recipient, ids) in [(rig.emsp, [rig.emsp.id]), (rig.otherEMSP, [rig.otherEMSP.id]), (rig.both, rig.both.ids)] {
                let copies = try await copies(of: reply, at: recipient, count: ids.count)
                for copy in copies { try same("OCPI-from of a copy", copy.from, rig.hub.party) }
                try same("OCPI-to of the copies", Set(copies.compactMap(\.to)), Set(ids))
            }
        },
        Check(86, recipients),
        Check(87) { rig in
            let both = rig.both
            let id = Sample.id("LOC")
            let pushed = try await both.send(
                .put, .locations, .receiver, Sample.path(both.id, id), to: rig.hub.party, body: Sample.location(id, of: both.id)
            ).expectSuccess()
            let uid = Sample.id("UID")
            let issued = try await both.send(
                .put, .tokens, .receiver, Sample.path(both.id, uid), to: rig.hub.party, body: Sample.token(uid, of: both.id)
            ).expectSuccess()
            try await rig.emsp.arrival(of: pushed)
            try await rig.cpo.arrival(of: issued)
            try await fence(rig, at: both)
            try require(!both.arrivals(of: pushed).contains { $0.to == both.id }, "the sender got its own location")
            try require(both.arrivals(of: issued).isEmpty, "the sender's platform got its own token")
        },
        Check(88) { rig in
            rig.emsp.script { $0.interface == nil ? nil : .failure(2001, status: 400) }
            rig.both.script { $0.interface == nil ? nil : .failure(3000, status: 500) }
            await rig.otherEMSP.stop()
            let reply = try await location(rig)
            try reply.expect(http: 200).expect(code: 1000)
            try await rig.emsp.arrival(of: reply)
        },
        Check(89) { rig in
            let reply = try await rig.cpo.send(
                .get, .locations, .receiver, Sample.path(rig.cpo.id, Sample.id("LOC")), to: rig.hub.party)
            try require(reply.status == 405 || reply.code == 2001, "\(reply.line): HTTP \(reply.status), neither 405 nor OCPI 2001")
            try await fence(rig, at: rig.emsp)
            try require(rig.emsp.arrivals(of: reply).isEmpty, "a GET was broadcast")
        },
        Check(90) { rig in
            let (cpo, emsp, id) = (rig.cpo, rig.emsp, Sample.id("ID"))
            let session = try await cpo.send(
                .put, .sessions, .receiver, Sample.path(cpo.id, id), to: rig.hub.party,
                body: Sample.session(id, of: cpo.id, driver: emsp.id))
            let cdr = try await cpo.send(.post, .cdrs, .receiver, to: rig.hub.party, body: Sample.cdr(id, of: cpo.id, driver: emsp.id))
            try await fence(rig, at: emsp)
            for reply in [session, cdr] {
                try reply.expect(codeIn: [2000, 2001])
                try require(emsp.arrivals(of: reply).isEmpty, "\(reply.line) was broadcast")
            }
        },
        Check(91) { rig in
            let (cpo, id) = (rig.cpo, Sample.id("TAR"))
            let path = Sample.path(cpo.id, id)
            let put = try await cpo.send(.put, .tariffs, .receiver, path, to: rig.hub.party, body: Sample.tariff(id, of: cpo.id))
            try put.expectSuccess()
            try await rig.emsp.arrival(of: put)
            let delete = try await cpo.send(.delete, .tariffs, .receiver, path, to: rig.hub.party).expectSuccess()
            let request = try await rig.emsp.arrival(of: delete)
            try same("the method of the copy", request.method, .delete)
            try same("the path of the copy", request.rest, path)
        },
        Check(92) { rig in
            try await rig.withSpare { spare in
                await spare.leave()
                let missed = try await location(rig).expectSuccess()
                try await rig.emsp.arrival(of: missed)
                try await spare.register()
                let later = try await location(rig)
                try await spare.arrival(of: later)
                try require(spare.arrivals(of: missed).isEmpty, "a broadcast was kept for a party that was not connected")
            }
        },
    ]

    @Sendable private static func recipients(_ rig: Rig) async throws {
        let cpo = rig.cpo
        let location = try await location(rig)
        for (recipient, count) in [(rig.emsp, 1), (rig.otherEMSP, 1), (rig.both, 2)] {
            try await copies(of: location, at: recipient, count: count)
        }
        let id = Sample.id("TAR")
        let tariff = try await cpo.send(
            .put, .tariffs, .receiver, Sample.path(cpo.id, id), to: rig.hub.party, body: Sample.tariff(id, of: cpo.id)
        ).expectSuccess()
        try await rig.emsp.arrival(of: tariff)
        let uid = Sample.id("UID")
        let token = try await rig.emsp.send(
            .put, .tokens, .receiver, Sample.path(rig.emsp.id, uid), to: rig.hub.party, body: Sample.token(uid, of: rig.emsp.id)
        ).expectSuccess()
        for recipient in [cpo, rig.otherCPO, rig.both] { try await recipient.arrival(of: token) }

        // Whoever should get nothing has got nothing when something later is there.
        for recipient in [rig.emsp, rig.otherEMSP, rig.otherCPO, rig.both] { try await fence(rig, at: recipient) }
        try require(rig.otherCPO.arrivals(of: location).isEmpty, "a CPO got a CPO's location")
        try require(rig.otherEMSP.arrivals(of: tariff).isEmpty, "a party without the tariffs module got a tariff")
        try require(rig.otherEMSP.arrivals(of: token).isEmpty, "an eMSP got an eMSP's token")
        try same("the recipients of a token on a platform of both roles", rig.both.arrivals(of: token).compactMap(\.to), [rig.both.id])
        try same("copies of the location at \(rig.emsp.id)", rig.emsp.arrivals(of: location).count, 1)
        if rig.hub.admin != nil { try await others(rig) }
    }

    /// A party of role OTHER reaches CPOs only, and is reached by them.
    private static func others(_ rig: Rig) async throws {
        try await rig.withSpare("OTHER") { other in
            let uid = Sample.id("UID")
            let token = try await other.send(
                .put, .tokens, .receiver, Sample.path(other.id, uid), to: rig.hub.party, body: Sample.token(uid, of: other.id)
            ).expectSuccess()
            try await rig.cpo.arrival(of: token)
            let location = try await location(rig)
            try await other.arrival(of: location)
        }
    }

    /// A location of `rig.cpo`, to the hub.
    private static func location(_ rig: Rig) async throws -> Reply {
        let id = Sample.id("LOC")
        return try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: rig.hub.party, body: Sample.location(id, of: rig.cpo.id))
    }

    /// Sends something on the same way that must arrive: what comes before it would be here.
    private static func fence(_ rig: Rig, at recipient: Party) async throws {
        let reply: Reply
        if recipient.interfaces.contains(Interface(.locations, .receiver)) {
            reply = try await location(rig)
        } else {
            let uid = Sample.id("UID")
            reply = try await rig.emsp.send(
                .put, .tokens, .receiver, Sample.path(rig.emsp.id, uid), to: rig.hub.party, body: Sample.token(uid, of: rig.emsp.id))
        }
        try await recipient.arrival(of: reply)
    }

    @discardableResult
    private static func copies(of reply: Reply, at recipient: Party, count: Int) async throws -> [Received] {
        let id = reply.correlationID
        let entries = await recipient.received.wait(within: .seconds(5)) { $0.count { $0.correlationID == id } >= count }
        let copies = try require(entries, "\(recipient.id) did not get \(count) copies of \(reply.line)").filter { $0.correlationID == id }
        try same("copies of \(reply.line) at \(recipient.id)", copies.count, count)
        return copies
    }
}
