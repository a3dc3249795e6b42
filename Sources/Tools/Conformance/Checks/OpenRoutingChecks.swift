import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 93 to 98: Open Routing Request.
enum OpenRoutingChecks {
    static let all: [Check] = [
        Check(93) { environment in
            let reply = try await cdr(environment, of: environment.emsp.id)
            try await environment.emsp.arrival(of: reply)
            try reply.expectSuccess()
        },
        Check(94) { environment in
            let request = try await environment.emsp.arrival(of: try await cdr(environment, of: environment.emsp.id))
            try same("OCPI-to", request.to, environment.emsp.id)
            try same("OCPI-from", request.from, environment.cpo.id)
        },
        Check(95) { environment in
            let refused = #"{"status_code":2004,"status_message":"by \#(environment.emsp.id)","timestamp":"2024-02-29T23:59:58Z"}"#
            environment.emsp.script { $0.interface == nil ? nil : ServerAnswer(text: refused) }
            let reply = try await cdr(environment, of: environment.emsp.id)
            try same("the body of the answer", reply.text, refused)
            try same("OCPI-from of the answer", reply.from, environment.emsp.id)
            try same("OCPI-to of the answer", reply.to, environment.cpo.id)
        },
        Check(96, methods),
        Check(97) { environment in
            let unknown = try await environment.emsp.send(.get, .locations, .sender, Sample.id("LOC"), to: nil)
            try unknown.expect(code: 4001)
            let id = Sample.id("LOC")
            let write = try await environment.cpo.send(
                .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: nil, body: Sample.location(id, of: environment.cpo.id)
            )
            if write.code != 4001 {
                try write.expectSuccess()
                try await environment.emsp.arrival(of: write)
                try await environment.otherEMSP.arrival(of: write)
            }
        },
        Check(98) { environment in
            // Members that OCPI does not define for the object, or that name a different role, must have no effect.
            var members = Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: environment.participants.sibling).members ?? []
            let decoy = Sample.cdrToken("TOK1", of: environment.emsp.id)
            members.append(JSONMember(name: "token", value: decoy))
            members.append(JSONMember(name: "receiver", value: .string(environment.emsp.id.description)))
            members.insert(JSONMember(name: "x_cdr_token", value: decoy), at: 0)
            let reply = try await environment.cpo.send(.post, .cdrs, .receiver, to: nil, body: .object(members))
            let request = try await environment.both.arrival(of: reply)
            try same("OCPI-to", request.to, environment.participants.sibling)
            try require(environment.emsp.arrivals(of: reply).isEmpty, "a party that is named where OCPI defines nothing got the CDR")
        },
    ]

    /// Every method once: by content, by the session's parties, and as a broadcast.
    @Sendable private static func methods(_ environment: TestEnvironment) async throws {
        let (cpo, emsp) = (environment.cpo, environment.emsp)
        let post = try await cdr(environment, of: emsp.id)
        try same("the method", try await emsp.arrival(of: post).method, .post)

        let id = Sample.id("SES")
        let path = Sample.path(cpo.id, id)
        let put = try await cpo.send(
            .put, .sessions, .receiver, path, to: nil, body: Sample.session(id, of: cpo.id, driver: emsp.id)
        ).expectSuccess()
        try same("OCPI-to of a session", try await emsp.arrival(of: put).to, emsp.id)

        let change: JSONValue = ["kwh": .number("2.5"), "last_updated": .string(Sample.lastUpdated)]
        let patch = try await cpo.send(.patch, .sessions, .receiver, path, to: nil, body: change)
        try same("OCPI-to of a PATCH", try await emsp.arrival(of: patch).to, emsp.id)
        let get = try await cpo.send(.get, .sessions, .receiver, path, to: nil)
        try same("OCPI-to of a GET", try await emsp.arrival(of: get).to, emsp.id)
        let preferences = try await emsp.send(
            .put, .sessions, .sender, "\(id)/charging_preferences", to: nil, body: ["profile_type": "GREEN"])
        try same("OCPI-to of charging preferences", try await cpo.arrival(of: preferences).to, cpo.id)
        let query = "response_url=" + PercentText.encoded(emsp.url(.chargingprofiles, .sender) + "/cleared")
        let delete = try await emsp.send(.delete, .chargingprofiles, .receiver, id, query: query, to: nil)
        try same("OCPI-to of a DELETE", try await cpo.arrival(of: delete).to, cpo.id)
        for reply in [patch, get, preferences, delete] { try reply.expectSuccess() }

        let list = try await emsp.send(.get, .locations, .sender, query: "limit=1", to: nil)
        try require((list.code ?? 0) >= 2000, "\(list.request.line): a list without TO was not refused")
    }

    /// A CDR of `environment.cpo` for a driver of `owner`, without OCPI-to.
    private static func cdr(_ environment: TestEnvironment, of owner: PartyID) async throws -> CallAnswer {
        try await environment.cpo.send(
            .post, .cdrs, .receiver, to: nil, body: Sample.cdr(Sample.id("CDR"), of: environment.cpo.id, driver: owner))
    }
}
