import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 62 to 75: requests from party to party.
enum RoutingChecks {
    static let all: [Check] = [
        Check(62) { environment in
            let (reply, request) = try await exchange(environment)
            let names = [
                (OCPIHeader.toCountry, 2), (OCPIHeader.toParty, 3), (OCPIHeader.fromCountry, 2), (OCPIHeader.fromParty, 3),
            ]
            for (name, length) in names {
                try same("the length of \(name) at the recipient", request.header(name)?.count, length)
                try same("the length of \(name) in the answer", reply.header(name)?.count, length)
            }
        },
        Check(63) { environment in
            let (_, request) = try await exchange(environment)
            try same("OCPI-to", request.to, environment.emsp.id)
            try same("OCPI-from", request.from, environment.cpo.id)
        },
        Check(64) { environment in
            let (reply, _) = try await exchange(environment)
            try same("OCPI-to", reply.to, environment.cpo.id)
            try same("OCPI-from", reply.from, environment.emsp.id)
        },
        .none(65, because: "needs a second hub"),
        Check(66, configurationModules),
        Check(67, foreignSender),
        Check(68) { environment in
            for half in [OCPIHeader.toParty, OCPIHeader.toCountry] {
                let reply = try await put(environment, to: environment.emsp.id, omitting: [half])
                try reply.expect(code: 2001)
                try require(environment.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
            }
        },
        Check(69) { environment in
            let (_, request) = try await exchange(environment)
            try same("last_updated", request.json?["last_updated"]?.string, Sample.lastUpdated)
            environment.emsp.script { $0.interface == nil ? nil : .success(["id": "LOC1", "last_updated": .string(Sample.lastUpdated)]) }
            let reply = try await environment.cpo.send(
                .get, .locations, .receiver, Sample.path(environment.cpo.id, "LOC1"), to: environment.emsp.id)
            try same("last_updated of the answer", reply.data?["last_updated"]?.string, Sample.lastUpdated)
        },
        Check(70) { environment in
            try await put(environment, to: environment.participants.unknown).expect(code: 4001)
            try await environment.emsp.send(.get, .locations, .sender, to: environment.participants.unknown).expect(code: 4001)
        },
        Check(71) { environment in
            environment.emsp.script { $0.interface == nil ? nil : .silence }
            let reply = try await put(environment, to: environment.emsp.id)
            try await environment.emsp.arrival(of: reply)
            try reply.expect(code: 4002)
        },
        Check(72, notConnected),
        Check(73) { environment in
            // The recipient is reachable but breaks the connection instead of answering.
            environment.emsp.script { $0.interface == nil ? nil : .hangUp }
            let reply = try await put(environment, to: environment.emsp.id)
            try reply.expect(codeIn: environment.hub.version == .v2_2 ? [3000, 4002, 4003] : [4000, 4002, 4003])
        },
        Check(74) { environment in
            try await put(environment, to: environment.participants.unknown).expect(code: 4001).expect(http: 200)
            try await put(environment, to: environment.participants.absent).expect(code: 4003).expect(http: 200)
            environment.emsp.script { $0.interface == nil ? nil : .silence }
            try await put(environment, to: environment.emsp.id).expect(code: 4002).expect(http: 200)
        },
        Check(75) { environment in
            for code in [2000, 2001, 2002, 2003, 2004, 2900, 3000, 3001] {
                environment.emsp.script { $0.interface == nil ? nil : .failure(code, "as the recipient says") }
                let reply = try await put(environment, to: environment.emsp.id)
                try reply.expect(code: code)
                try same("status_message", reply.message, "as the recipient says")
            }
        },
    ]

    /// Sends a location from the CPO to the eMSP and returns what arrived.
    private static func exchange(_ environment: TestEnvironment) async throws -> (reply: CallAnswer, request: PartyRequest) {
        let reply = try await put(environment, to: environment.emsp.id).expectSuccess()
        return (reply, try await environment.emsp.arrival(of: reply))
    }

    /// Sends a location from the CPO.
    @discardableResult
    private static func put(
        _ environment: TestEnvironment, to: PartyID, from: PartyID? = nil, omitting: [String] = []
    ) async throws -> CallAnswer {
        let id = Sample.id("LOC")
        return try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: to, from: from,
            body: Sample.location(id, of: environment.cpo.id),
            omitting: omitting)
    }

    private static let routing = [OCPIHeader.toCountry, OCPIHeader.toParty, OCPIHeader.fromCountry, OCPIHeader.fromParty]

    private static func configurationModules(_ environment: TestEnvironment) async throws {
        var replies = [
            try await environment.emsp.configure(.get, environment.hub.versionsURL),
            try await environment.emsp.configure(.get, try await environment.emsp.detailsURL(of: environment.hub.version)),
            try await environment.emsp.configure(.get, try environment.emsp.credentialsURL()),
        ]
        if let url = try? environment.emsp.endpoint(.hubclientinfo, .sender) {
            replies.append(try await environment.emsp.configure(.get, url))
        }
        for reply in replies {
            for name in routing { try require(reply.header(name) == nil, "the answer to \(reply.request.line) has \(name)") }
        }
        try await environment.withSpare { spare in
            let calls = spare.received.entries.filter { $0.interface == nil }
            try require(!calls.isEmpty, "the hub did not call back")
            for call in calls {
                for name in routing { try require(call.header(name) == nil, "the hub's \(call.method) \(call.path) has \(name)") }
            }
        }
    }

    private static func foreignSender(_ environment: TestEnvironment) async throws {
        for other in [environment.otherCPO.id, environment.participants.unknown, environment.emsp.id] {
            let reply = try await put(environment, to: environment.emsp.id, from: other)
            try reply.expect(code: 2001)
            try require(environment.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
        }
        let reply = try await environment.both.send(
            .get, .tokens, .sender, to: environment.emsp.id, omitting: [OCPIHeader.fromCountry, OCPIHeader.fromParty])
        try reply.expect(code: 2001)
        try require(environment.emsp.arrivals(of: reply).isEmpty, "the request was forwarded")
    }

    private static func notConnected(_ environment: TestEnvironment) async throws {
        try await put(environment, to: environment.participants.absent).expect(code: 4003)
        await environment.emsp.stop()
        let refused = try await put(environment, to: environment.emsp.id)
        try refused.expect(code: 4003)
        try await environment.emsp.start()
        try await environment.emsp.configure(.get, environment.hub.versionsURL).expect(code: 1000)
        try await environment.eventually("\(environment.emsp.id) can be reached again") {
            try await put(environment, to: environment.emsp.id).code == 1000
        }
        try require(environment.emsp.arrivals(of: refused).isEmpty, "what could not be delivered came later")
    }
}
