import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 83 to 92: Broadcast Push.
enum BroadcastChecks {
    static let all: [Check] = [
        Check(83) { environment in
            let reply = try await location(environment).expectSuccess()
            for recipient in [environment.emsp, environment.otherEMSP] {
                let request = try await recipient.arrival(of: reply)
                try same("the method of the copy", request.method, .put)
                try same("the module of the copy", request.interface, Interface(.locations, .receiver))
            }
        },
        Check(84) { environment in
            for recipient in [environment.emsp, environment.otherEMSP, environment.both] {
                recipient.script { $0.interface == nil ? nil : ServerAnswer.failure(2003, "not the hub").after(.milliseconds(500)) }
            }
            let reply = try await location(environment).expectSuccess()
            try same("OCPI-to of the answer", reply.to, environment.cpo.id)
            try same("OCPI-from of the answer", reply.from, environment.hub.party)
        },
        Check(85) { environment in
            let reply = try await location(environment)
            for (recipient, ids) in [
                (environment.emsp, [environment.emsp.id]), (environment.otherEMSP, [environment.otherEMSP.id]),
                (environment.both, environment.both.ids),
            ] {
                let copies = try await copies(of: reply, at: recipient, count: ids.count)
                for copy in copies { try same("OCPI-from of a copy", copy.from, environment.hub.party) }
                try same("OCPI-to of the copies", Set(copies.compactMap(\.to)), Set(ids))
            }
        },
        Check(86, recipients),
        Check(87) { environment in
            let both = environment.both
            let id = Sample.id("LOC")
            let pushed = try await both.send(
                .put, .locations, .receiver, Sample.path(both.id, id), to: environment.hub.party, body: Sample.location(id, of: both.id)
            ).expectSuccess()
            let uid = Sample.id("UID")
            let issued = try await both.send(
                .put, .tokens, .receiver, Sample.path(both.id, uid), to: environment.hub.party, body: Sample.token(uid, of: both.id)
            ).expectSuccess()
            try await environment.emsp.arrival(of: pushed)
            try await environment.cpo.arrival(of: issued)
            try await fence(environment, at: both)
            try require(!both.arrivals(of: pushed).contains { $0.to == both.id }, "the sender got its own location")
            try require(both.arrivals(of: issued).isEmpty, "the sender's platform got its own token")
        },
        Check(88) { environment in
            environment.emsp.script { $0.interface == nil ? nil : .failure(2001, status: 400) }
            environment.both.script { $0.interface == nil ? nil : .failure(3000, status: 500) }
            await environment.otherEMSP.stop()
            let reply = try await location(environment)
            try reply.expect(http: 200).expect(code: 1000)
            try await environment.emsp.arrival(of: reply)
        },
        Check(89) { environment in
            let reply = try await environment.cpo.send(
                .get, .locations, .receiver, Sample.path(environment.cpo.id, Sample.id("LOC")), to: environment.hub.party)
            try require(reply.status == 405 || reply.code == 2001, "\(reply.request.line): HTTP \(reply.status), neither 405 nor OCPI 2001")
            try await fence(environment, at: environment.emsp)
            try require(environment.emsp.arrivals(of: reply).isEmpty, "a GET was broadcast")
        },
        Check(90) { environment in
            let (cpo, emsp, id) = (environment.cpo, environment.emsp, Sample.id("ID"))
            let session = try await cpo.send(
                .put, .sessions, .receiver, Sample.path(cpo.id, id), to: environment.hub.party,
                body: Sample.session(id, of: cpo.id, driver: emsp.id))
            let cdr = try await cpo.send(
                .post, .cdrs, .receiver, to: environment.hub.party, body: Sample.cdr(id, of: cpo.id, driver: emsp.id))
            try await fence(environment, at: emsp)
            for reply in [session, cdr] {
                try reply.expect(codeIn: [2000, 2001])
                try require(emsp.arrivals(of: reply).isEmpty, "\(reply.request.line) was broadcast")
            }
        },
        Check(91) { environment in
            let (cpo, id) = (environment.cpo, Sample.id("TAR"))
            let path = Sample.path(cpo.id, id)
            let put = try await cpo.send(.put, .tariffs, .receiver, path, to: environment.hub.party, body: Sample.tariff(id, of: cpo.id))
            try put.expectSuccess()
            try await environment.emsp.arrival(of: put)
            let delete = try await cpo.send(.delete, .tariffs, .receiver, path, to: environment.hub.party).expectSuccess()
            let request = try await environment.emsp.arrival(of: delete)
            try same("the method of the copy", request.method, .delete)
            try same("the path of the copy", request.rest, path)
        },
        Check(92) { environment in
            try await environment.withSpare { spare in
                await spare.leave()
                let missed = try await location(environment).expectSuccess()
                try await environment.emsp.arrival(of: missed)
                try await spare.register()
                let later = try await location(environment)
                try await spare.arrival(of: later)
                try require(spare.arrivals(of: missed).isEmpty, "a broadcast was kept for a party that was not connected")
            }
        },
    ]

    @Sendable private static func recipients(_ environment: TestEnvironment) async throws {
        let cpo = environment.cpo
        let location = try await location(environment)
        for (recipient, count) in [(environment.emsp, 1), (environment.otherEMSP, 1), (environment.both, 2)] {
            try await copies(of: location, at: recipient, count: count)
        }
        let id = Sample.id("TAR")
        let tariff = try await cpo.send(
            .put, .tariffs, .receiver, Sample.path(cpo.id, id), to: environment.hub.party, body: Sample.tariff(id, of: cpo.id)
        ).expectSuccess()
        try await environment.emsp.arrival(of: tariff)
        let uid = Sample.id("UID")
        let token = try await environment.emsp.send(
            .put, .tokens, .receiver, Sample.path(environment.emsp.id, uid), to: environment.hub.party,
            body: Sample.token(uid, of: environment.emsp.id)
        ).expectSuccess()
        for recipient in [cpo, environment.otherCPO, environment.both] { try await recipient.arrival(of: token) }

        // When a later request has arrived, earlier unexpected ones would have arrived too.
        for recipient in [environment.emsp, environment.otherEMSP, environment.otherCPO, environment.both] {
            try await fence(environment, at: recipient)
        }
        try require(environment.otherCPO.arrivals(of: location).isEmpty, "a CPO got a CPO's location")
        try require(environment.otherEMSP.arrivals(of: tariff).isEmpty, "a party without the tariffs module got a tariff")
        try require(environment.otherEMSP.arrivals(of: token).isEmpty, "an eMSP got an eMSP's token")
        try same(
            "the recipients of a token on a platform of both roles", environment.both.arrivals(of: token).compactMap(\.to),
            [environment.both.id])
        try same("copies of the location at \(environment.emsp.id)", environment.emsp.arrivals(of: location).count, 1)
        if environment.hub.admin != nil { try await others(environment) }
    }

    /// A party of role OTHER reaches only CPOs, and only they reach it.
    private static func others(_ environment: TestEnvironment) async throws {
        try await environment.withSpare("OTHER") { other in
            let uid = Sample.id("UID")
            let token = try await other.send(
                .put, .tokens, .receiver, Sample.path(other.id, uid), to: environment.hub.party, body: Sample.token(uid, of: other.id)
            ).expectSuccess()
            try await environment.cpo.arrival(of: token)
            let location = try await location(environment)
            try await other.arrival(of: location)
        }
    }

    /// Sends a location of `environment.cpo` to the hub.
    private static func location(_ environment: TestEnvironment) async throws -> CallAnswer {
        let id = Sample.id("LOC")
        return try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.hub.party,
            body: Sample.location(id, of: environment.cpo.id))
    }

    /// Sends another request on the same path and waits for it: earlier ones have then arrived too.
    private static func fence(_ environment: TestEnvironment, at recipient: ConformanceParty) async throws {
        let reply: CallAnswer
        if recipient.interfaces.contains(Interface(.locations, .receiver)) {
            reply = try await location(environment)
        } else {
            let uid = Sample.id("UID")
            reply = try await environment.emsp.send(
                .put, .tokens, .receiver, Sample.path(environment.emsp.id, uid), to: environment.hub.party,
                body: Sample.token(uid, of: environment.emsp.id))
        }
        try await recipient.arrival(of: reply)
    }

    @discardableResult
    private static func copies(of reply: CallAnswer, at recipient: ConformanceParty, count: Int) async throws -> [PartyRequest] {
        let id = reply.request.correlationID
        let entries = await recipient.received.wait(within: .seconds(5)) { $0.count { $0.correlationID == id } >= count }
        let copies = try require(entries, "\(recipient.id) did not get \(count) copies of \(reply.request.line)").filter {
            $0.correlationID == id
        }
        try same("copies of \(reply.request.line) at \(recipient.id)", copies.count, count)
        return copies
    }
}
