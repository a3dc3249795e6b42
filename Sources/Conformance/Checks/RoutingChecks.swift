import NIOCore
import OCPI
import Wire

/// Requirements 62 to 75: from party to party.
enum RoutingChecks {
    static let all: [Check] = [
        Check(62) { rig in
            let (reply, request) = try await exchange(rig)
            let names = [
                (OCPIHeader.toCountry, 2), (OCPIHeader.toParty, 3), (OCPIHeader.fromCountry, 2), (OCPIHeader.fromParty, 3),
            ]
            for (name, length) in names {
                try same("the length of \(name) at the recipient", request.header(name)?.count, length)
                try same("the length of \(name) in the answer", reply.header(name)?.count, length)
            }
        },
        Check(63) { rig in
            let (_, request) = try await exchange(rig)
            try same("OCPI-to", request.to, rig.emsp.id)
            try same("OCPI-from", request.from, rig.cpo.id)
        },
        Check(64) { rig in
            let (reply, _) = try await exchange(rig)
            try same("OCPI-to", reply.to, rig.cpo.id)
            try same("OCPI-from", reply.from, rig.emsp.id)
        },
        .none(65, because: "needs a second hub"),
        Check(66, configurationModules),
        Check(67, foreignSender),
        Check(68) { rig in
            for half in [OCPIHeader.toParty, OCPIHeader.toCountry] {
                let reply = try await put(rig, to: rig.emsp.id, omitting: [half])
                try reply.expect(code: 2001)
                try require(rig.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
            }
        },
        Check(69) { rig in
            let (_, request) = try await exchange(rig)
            try same("last_updated", request.json?["last_updated"]?.string, Sample.lastUpdated)
            rig.emsp.script { $0.interface == nil ? nil : .success(["id": "LOC1", "last_updated": .string(Sample.lastUpdated)]) }
            let reply = try await rig.cpo.send(.get, .locations, .receiver, Sample.path(rig.cpo.id, "LOC1"), to: rig.emsp.id)
            try same("last_updated of the answer", reply.data?["last_updated"]?.string, Sample.lastUpdated)
        },
        Check(70) { rig in
            try await put(rig, to: rig.cast.unknown).expect(code: 4001)
            try await rig.emsp.send(.get, .locations, .sender, to: rig.cast.unknown).expect(code: 4001)
        },
        Check(71) { rig in
            rig.emsp.script { $0.interface == nil ? nil : .silence }
            let reply = try await put(rig, to: rig.emsp.id)
            try await rig.emsp.arrival(of: reply)
            try reply.expect(code: 4002)
        },
        Check(72, notConnected),
        Check(73) { rig in
            // The recipient was reached and answers, but not with HTTP that anybody could pass on.
            rig.emsp.script { $0.interface == nil ? nil : .hangUp }
            let reply = try await put(rig, to: rig.emsp.id)
            try reply.expect(codeIn: rig.hub.version == .v2_2 ? [3000, 4002, 4003] : [4000, 4002, 4003])
        },
        Check(74) { rig in
            try await put(rig, to: rig.cast.unknown).expect(code: 4001).expect(http: 200)
            try await put(rig, to: rig.cast.absent).expect(code: 4003).expect(http: 200)
            rig.emsp.script { $0.interface == nil ? nil : .silence }
            try await put(rig, to: rig.emsp.id).expect(code: 4002).expect(http: 200)
        },
        Check(75) { rig in
            for code in [2000, 2001, 2002, 2003, 2004, 2900, 3000, 3001] {
                rig.emsp.script { $0.interface == nil ? nil : .failure(code, "as the recipient says") }
                let reply = try await put(rig, to: rig.emsp.id)
                try reply.expect(code: code)
                try same("status_message", reply.message, "as the recipient says")
            }
        },
    ]

    /// A location from the CPO to the eMSP, and what arrived there.
    private static func exchange(_ rig: Rig) async throws -> (reply: Reply, request: Received) {
        let reply = try await put(rig, to: rig.emsp.id).expectSuccess()
        return (reply, try await rig.emsp.arrival(of: reply))
    }

    /// A location from the CPO.
    @discardableResult
    private static func put(_ rig: Rig, to: PartyID, from: PartyID? = nil, omitting: [String] = []) async throws -> Reply {
        let id = Sample.id("LOC")
        return try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: to, from: from, body: Sample.location(id, of: rig.cpo.id),
            omitting: omitting)
    }

    private static let routing = [OCPIHeader.toCountry, OCPIHeader.toParty, OCPIHeader.fromCountry, OCPIHeader.fromParty]

    private static func configurationModules(_ rig: Rig) async throws {
        var replies = [
            try await rig.emsp.configure(.get, rig.hub.versionsURL),
            try await rig.emsp.configure(.get, try await rig.emsp.detailsURL(of: rig.hub.version)),
            try await rig.emsp.configure(.get, try rig.emsp.credentialsURL()),
        ]
        if let url = try? rig.emsp.endpoint(.hubclientinfo, .sender) { replies.append(try await rig.emsp.configure(.get, url)) }
        for reply in replies {
            for name in routing { try require(reply.header(name) == nil, "the answer to \(reply.line) has \(name)") }
        }
        try await rig.withSpare { spare in
            let calls = spare.received.entries.filter { $0.interface == nil }
            try require(!calls.isEmpty, "the hub did not call back")
            for call in calls {
                for name in routing { try require(call.header(name) == nil, "the hub's \(call.method) \(call.path) has \(name)") }
            }
        }
    }

    private static func foreignSender(_ rig: Rig) async throws {
        for stranger in [rig.otherCPO.id, rig.cast.unknown, rig.emsp.id] {
            let reply = try await put(rig, to: rig.emsp.id, from: stranger)
            try reply.expect(code: 2001)
            try require(rig.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
        }
        let reply = try await rig.both.send(
            .get, .tokens, .sender, to: rig.emsp.id, omitting: [OCPIHeader.fromCountry, OCPIHeader.fromParty])
        try reply.expect(code: 2001)
        try require(rig.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
    }

    private static func notConnected(_ rig: Rig) async throws {
        try await put(rig, to: rig.cast.absent).expect(code: 4003)
        await rig.emsp.stop()
        let refused = try await put(rig, to: rig.emsp.id)
        try refused.expect(code: 4003)
        try await rig.emsp.start()
        try await rig.emsp.configure(.get, rig.hub.versionsURL).expect(code: 1000)
        try await rig.eventually("\(rig.emsp.id) can be reached again") { try await put(rig, to: rig.emsp.id).code == 1000 }
        try require(rig.emsp.arrivals(of: refused).isEmpty, "what could not be delivered came later")
    }
}
