import NIOCore
import OCPI
import Synchronization
import Wire

/// Requirements 52 to 61: what credentials say and mean.
enum CredentialsChecks {
    static let all: [Check] = [
        Check(52) { rig in
            let url = try rig.emsp.credentialsURL()
            let reply = try await rig.emsp.configure(.get, url).expect(http: 200).expect(code: 1000)
            let data = try require(reply.data, "there is no data")
            try require(data["token"]?.string == rig.emsp.tokenC?.raw, "the token is not this platform's")
            try same("url", data["url"]?.string.map(URLJoin.trimmed), URLJoin.trimmed(rig.hub.versionsURL))
            try require(data["roles"]?.array?.isEmpty == false, "there are no roles")
            try await rig.emsp.configure(.patch, url, body: ["url": "http://example.com"]).expect(http: 405, 404)
        },
        Check(53) { rig in
            try await rig.withSpare { spare in
                let token = try require(spare.tokenC, "there is no token C")
                try await spare.configure(.delete, try spare.credentialsURL()).expect(http: 200).expect(code: 1000)
                try await spare.configure(.get, rig.hub.versionsURL, token: token).expect(http: 401)
                try await spare.send(.get, .locations, .sender, to: rig.cpo.id, token: token).expect(http: 401)
                spare.received.clear()
                let reply = try await rig.cpo.send(.get, .tokens, .sender, to: spare.id)
                try reply.expect(codeIn: [4001, 4003])
                let id = Sample.id("LOC")
                let everybody = try await rig.cpo.send(
                    .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: rig.hub.party, body: Sample.location(id, of: rig.cpo.id))
                try everybody.expectSuccess()
                // Behind the copy of the broadcast for somebody else there is none for this one.
                try await rig.emsp.arrival("a copy of the broadcast") { $0.rest.hasSuffix(id) }
                try require(
                    !spare.received.entries.contains { $0.interface?.module != .hubclientinfo }, "the platform that left was called")
            }
        },
        Check(54, manyRoles),
        Check(55) { rig in
            try await rig.withSpare(registered: false) { spare in
                let tokenA = try await rig.hub.invite(spare.ids)
                try await spare.discover(with: tokenA)
                let taken = Party.Role(role: "EMSP", id: rig.cpo.id)
                let reply = try await spare.postCredentials(with: tokenA, spare.credentials(roles: spare.roles + [taken]))
                try reply.expect(codeIn: [2000, 2001])
                let call = try await rig.emsp.send(.get, .locations, .sender, to: rig.cpo.id)
                try call.expectSuccess()
                try await rig.cpo.arrival(of: call)
            }
        },
        Check(56) { rig in
            for party in [rig.cpo, rig.both] {
                let reply = try await party.configure(.get, try party.credentialsURL()).expect(code: 1000)
                let roles = try require(reply.data?["roles"]?.array, "there are no roles")
                try same("the roles", roles.map { $0["role"]?.string ?? "" }, ["HUB"])
                let id = PartyID(
                    country: roles.first?["country_code"]?.string ?? "", party: roles.first?["party_id"]?.string ?? "")
                try same("the hub's party", id, rig.hub.party)
                try require(roles.first?["business_details"]?["name"]?.string?.isEmpty == false, "business_details have no name")
            }
        },
        .none(57, because: "OCPI 2.3.0 only"),
        .none(58, because: "OCPI 2.3.0 only"),
        .none(59, because: "OCPI 2.3.0 only"),
        Check(60, renewalUnderWay),
        Check(61, perHop),
    ]

    private static func manyRoles(_ rig: Rig) async throws {
        for id in [rig.cast.both, rig.cast.sibling] {
            let to = try await rig.cpo.send(.get, .tokens, .sender, to: id)
            try to.expectSuccess()
            try same("OCPI-to", try await rig.both.arrival(of: to).to, id)
            try same("OCPI-from of the answer", to.from, id)
            let from = try await rig.both.send(.get, .locations, .sender, to: rig.cpo.id, from: id)
            try from.expectSuccess()
            try same("OCPI-from", try await rig.cpo.arrival(of: from).from, id)
        }
        // The other role of the same party.
        let list = try await rig.emsp.send(.get, .locations, .sender, to: rig.cast.both)
        try list.expectSuccess()
        try same("the interface", try await rig.both.arrival(of: list).interface, Interface(.locations, .sender))
    }

    private static func renewalUnderWay(_ rig: Rig) async throws {
        try await rig.withSpare { spare in
            spare.script { request in
                request.interface?.module == .tokens && request.rest.isEmpty ? Answer.page([]).after(.milliseconds(400)) : nil
            }
            async let underWay = rig.cpo.send(.get, .tokens, .sender, to: spare.id)
            try await spare.arrival("the request that is under way") { $0.interface?.module == .tokens }
            let old = try require(spare.tokenC, "there is no token C")
            spare.state.withLock { $0.tokenB = Token.generate() }
            try await spare.putCredentials().expect(code: 1000)
            try await underWay.expectSuccess()
            try require(spare.tokenC?.raw != old.raw, "the token was not replaced")
            let after = try await rig.cpo.send(.get, .tokens, .sender, to: spare.id)
            try after.expectSuccess()
            try require(try await spare.arrival(of: after).isAuthorized, "the hub goes on with the old token B")
        }
    }

    private static func perHop(_ rig: Rig) async throws {
        let party = rig.emsp
        let urls =
            [
                rig.hub.versionsURL, try await party.detailsURL(of: rig.hub.version), try party.credentialsURL(),
            ] + [try? party.endpoint(.hubclientinfo, .sender)].compactMap { $0 }
        let headers = [
            (OCPIHeader.toCountry, rig.cpo.id.country), (OCPIHeader.toParty, rig.cpo.id.party),
            (OCPIHeader.fromCountry, party.id.country), (OCPIHeader.fromParty, party.id.party),
        ]
        for url in urls {
            let reply = try await party.configure(.get, url, headers: headers).expect(http: 200).expect(code: 1000)
            try require(rig.cpo.arrivals(of: reply).isEmpty, "\(url) was routed to \(rig.cpo.id)")
        }
        let own = try await party.configure(.get, try party.credentialsURL(), headers: headers)
        try same("the role in credentials", own.data?["roles"]?.array?.first?["role"]?.string, "HUB")
        try require(rig.cpo.received.entries.allSatisfy { $0.interface?.module == .hubclientinfo }, "a configuration module was routed")
    }
}
