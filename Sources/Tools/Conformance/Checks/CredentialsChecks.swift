import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 52 to 61: the content and effects of credentials.
enum CredentialsChecks {
    static let all: [Check] = [
        Check(52) { environment in
            let url = try environment.emsp.credentialsURL()
            let reply = try await environment.emsp.configure(.get, url).expect(http: 200).expect(code: 1000)
            let data = try require(reply.data, "there is no data")
            try require(data["token"]?.string == environment.emsp.tokenC?.raw, "the token is not this platform's")
            try same("url", data["url"]?.string.map(URLJoin.trimmed), URLJoin.trimmed(environment.hub.versionsURL))
            try require(data["roles"]?.array?.isEmpty == false, "there are no roles")
            try await environment.emsp.configure(.patch, url, body: ["url": "http://example.com"]).expect(http: 405, 404)
        },
        Check(53) { environment in
            try await environment.withSpare { spare in
                let token = try require(spare.tokenC, "there is no token C")
                try await spare.configure(.delete, try spare.credentialsURL()).expect(http: 200).expect(code: 1000)
                try await spare.configure(.get, environment.hub.versionsURL, token: token).expect(http: 401)
                try await spare.send(.get, .locations, .sender, to: environment.cpo.id, token: token).expect(http: 401)
                spare.received.clear()
                let reply = try await environment.cpo.send(.get, .tokens, .sender, to: spare.id)
                try reply.expect(codeIn: [4001, 4003])
                let id = Sample.id("LOC")
                let everybody = try await environment.cpo.send(
                    .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.hub.party,
                    body: Sample.location(id, of: environment.cpo.id))
                try everybody.expectSuccess()
                // A broadcast arrived at another party, so the copy for this one would have arrived too.
                try await environment.emsp.arrival("a copy of the broadcast") { $0.rest.hasSuffix(id) }
                try require(
                    !spare.received.entries.contains { $0.interface?.module != .hubclientinfo }, "the platform that left was called")
            }
        },
        Check(54, manyRoles),
        Check(55) { environment in
            try await environment.withSpare(registered: false) { spare in
                let tokenA = try await environment.hub.invite(spare.ids)
                try await spare.discover(with: tokenA)
                let taken = PartyDescription.Role("EMSP", environment.cpo.id)
                let reply = try await spare.postCredentials(with: tokenA, spare.party.credentials(roles: spare.roles + [taken]))
                try reply.expect(codeIn: [2000, 2001])
                let call = try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id)
                try call.expectSuccess()
                try await environment.cpo.arrival(of: call)
            }
        },
        Check(56) { environment in
            for party in [environment.cpo, environment.both] {
                let reply = try await party.configure(.get, try party.credentialsURL()).expect(code: 1000)
                let roles = try require(reply.data?["roles"]?.array, "there are no roles")
                try same("the roles", roles.map { $0["role"]?.string ?? "" }, ["HUB"])
                let id = PartyID(
                    country: roles.first?["country_code"]?.string ?? "", party: roles.first?["party_id"]?.string ?? "")
                try same("the hub's party", id, environment.hub.party)
                try require(roles.first?["business_details"]?["name"]?.string?.isEmpty == false, "business_details have no name")
            }
        },
        .none(57, because: "OCPI 2.3.0 only"),
        .none(58, because: "OCPI 2.3.0 only"),
        .none(59, because: "OCPI 2.3.0 only"),
        Check(60, renewalUnderWay),
        Check(61, perHop),
    ]

    private static func manyRoles(_ environment: TestEnvironment) async throws {
        for id in [environment.participants.both, environment.participants.sibling] {
            let to = try await environment.cpo.send(.get, .tokens, .sender, to: id)
            try to.expectSuccess()
            try same("OCPI-to", try await environment.both.arrival(of: to).to, id)
            try same("OCPI-from of the answer", to.from, id)
            let from = try await environment.both.send(.get, .locations, .sender, to: environment.cpo.id, from: id)
            try from.expectSuccess()
            try same("OCPI-from", try await environment.cpo.arrival(of: from).from, id)
        }
        // The second role of the same party.
        let list = try await environment.emsp.send(.get, .locations, .sender, to: environment.participants.both)
        try list.expectSuccess()
        try same("the interface", try await environment.both.arrival(of: list).interface, Interface(.locations, .sender))
    }

    private static func renewalUnderWay(_ environment: TestEnvironment) async throws {
        try await environment.withSpare { spare in
            spare.script { request in
                request.interface?.module == .tokens && request.rest.isEmpty ? ServerAnswer.page([]).after(.milliseconds(400)) : nil
            }
            async let underWay = environment.cpo.send(.get, .tokens, .sender, to: spare.id)
            try await spare.arrival("the request that is under way") { $0.interface?.module == .tokens }
            let old = try require(spare.tokenC, "there is no token C")
            spare.party.change(tokenB: Token.generate())
            try await spare.putCredentials().expect(code: 1000)
            try await underWay.expectSuccess()
            try require(spare.tokenC?.raw != old.raw, "the token was not replaced")
            let after = try await environment.cpo.send(.get, .tokens, .sender, to: spare.id)
            try after.expectSuccess()
            try require(try await spare.arrival(of: after).isAuthorized, "the hub goes on with the old token B")
        }
    }

    private static func perHop(_ environment: TestEnvironment) async throws {
        let party = environment.emsp
        let urls =
            [
                environment.hub.versionsURL, try await party.detailsURL(of: environment.hub.version), try party.credentialsURL(),
            ] + [try? party.endpoint(.hubclientinfo, .sender)].compactMap { $0 }
        let headers = [
            (OCPIHeader.toCountry, environment.cpo.id.country), (OCPIHeader.toParty, environment.cpo.id.party),
            (OCPIHeader.fromCountry, party.id.country), (OCPIHeader.fromParty, party.id.party),
        ]
        for url in urls {
            let reply = try await party.configure(.get, url, headers: headers).expect(http: 200).expect(code: 1000)
            try require(environment.cpo.arrivals(of: reply).isEmpty, "\(url) was routed to \(environment.cpo.id)")
        }
        let own = try await party.configure(.get, try party.credentialsURL(), headers: headers)
        try same("the role in credentials", own.data?["roles"]?.array?.first?["role"]?.string, "HUB")
        try require(
            environment.cpo.received.entries.allSatisfy { $0.interface?.module == .hubclientinfo }, "a configuration module was routed")
    }
}
