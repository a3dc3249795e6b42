import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 1 to 12: tokens and headers.
enum TransportChecks {
    static let all: [Check] = [
        Check(1, missingToken),
        Check(2) { environment in try await refused(environment, authorization: Token.generate().authorization(encoding: .base64)) },
        Check(3) { environment in
            let value = try await authorization(of: environment.emsp, callingFrom: environment)
            let words = value.split(separator: " ", omittingEmptySubsequences: false)
            try require(words.count == 2 && words.first == "Token", "Authorization is not the word Token, one space and one more word")
        },
        Check(4, base64),
        Check(5, lineFeed),
        Check(6, plainTokens),
        Check(7) { environment in
            for party in environment.parties {
                let reply = try await party.configure(.get, try party.credentialsURL()).expect(code: 1000)
                let token = try require(reply.data?["token"]?.string, "credentials have no token")
                try require(1...64 ~= token.count, "the token has \(token.count) characters")
                // The token in the credentials is the plain one: with its usual encoding it must be accepted.
                try await party.configure(.get, environment.hub.versionsURL, token: Token(token)).expect(http: 200)
            }
        },
        Check(8) { environment in
            for party in environment.parties {
                let token = try require(party.tokenC, "there is no token C")
                try require(token.raw.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "the token has other characters than U+0021 to U+007E")
                let swapped = String(token.raw.map { $0.isLowercase ? Character($0.uppercased()) : Character($0.lowercased()) })
                guard swapped != token.raw else { continue }
                try await party.configure(.get, environment.hub.versionsURL, token: Token(swapped)).expect(http: 401)
            }
        },
        Check(9) { environment in
            var tokens = environment.parties.compactMap { $0.tokenC?.raw }
            if environment.hub.admin != nil {
                for _ in 0..<3 { tokens.append(try await environment.hub.invite([environment.participants.spare]).raw) }
            }
            try require(tokens.count >= environment.parties.count, "a party has no token")
            try require(Set(tokens).count == tokens.count, "the same token was issued twice")
        },
        Check(10, tokenA),
        Check(11, contentType),
        Check(12, headerCase),
    ]

    private static func missingToken(_ environment: TestEnvironment) async throws { try await refused(environment, authorization: nil) }

    /// Checks that every module answers this `Authorization` with 401.
    private static func refused(_ environment: TestEnvironment, authorization: String?) async throws {
        let party = environment.emsp
        let headers = authorization.map { [(OCPIHeader.authorization, $0)] } ?? []
        let omitted = [OCPIHeader.authorization]
        let urls =
            [
                environment.hub.versionsURL, try await party.detailsURL(of: environment.hub.version), try party.credentialsURL(),
            ] + [try? party.endpoint(.hubclientinfo, .sender)].compactMap { $0 }
        for url in urls {
            try await party.configure(.get, url, omitting: omitted, headers: headers).expect(http: 401)
        }
        try await party.send(.get, .locations, .sender, to: environment.cpo.id, omitting: omitted, headers: headers).expect(http: 401)
        let put = try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, "LOC1"), to: environment.emsp.id,
            body: Sample.location("LOC1", of: environment.cpo.id),
            omitting: omitted, headers: headers)
        try put.expect(http: 401)
        try require(environment.emsp.arrivals(of: put).isEmpty, "the request was forwarded all the same")
    }

    /// The `Authorization` that the hub sends to a party.
    private static func authorization(of party: ConformanceParty, callingFrom environment: TestEnvironment) async throws -> String {
        let reply = try await environment.cpo.send(.get, .tokens, .sender, to: party.id)
        return try require(try await party.arrival(of: reply).header(OCPIHeader.authorization), "the hub sent no Authorization")
    }

    private static func base64(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            // Its Base64 contains "+", "/" and two "=".
            let token = Token("ab>cd?" + UUIDText.v4().prefix(7))
            spare.party.change(tokenB: token)
            try await spare.register()
            let value = try await authorization(of: spare, callingFrom: environment)
            try require(
                value == "Token " + Base64.encode(Array(token.raw.utf8)), "the token is not encoded in Base64 with + and / and padding")
        }
    }

    private static func lineFeed(_ environment: TestEnvironment) async throws {
        let value = try await authorization(of: environment.emsp, callingFrom: environment)
        try require(
            value == environment.emsp.tokenB.authorization(encoding: .base64), "what the hub sends is not exactly the Base64 of the token")
        let token = try require(environment.emsp.tokenC, "there is no token C")
        let encoded = Base64.encode(Array(token.raw.utf8) + [UInt8(ascii: "\n")])
        let reply = try await environment.emsp.configure(
            .get, environment.hub.versionsURL, headers: [(OCPIHeader.authorization, "Token \(encoded)")])
        try reply.expect(http: 200).expect(code: 1000)
    }

    private static func plainTokens(_ environment: TestEnvironment) async throws {
        let token = try require(environment.emsp.tokenC, "there is no token C")
        let reply = try await environment.emsp.configure(
            .get, environment.hub.versionsURL, headers: [(OCPIHeader.authorization, token.authorization(encoding: .plain))])
        try reply.expect(http: 200).expect(code: 1000)
        try await environment.withSpare(registered: false) { spare in
            let wanted = spare.tokenB.authorization(encoding: .plain)
            spare.script { $0.header(OCPIHeader.authorization) == wanted ? nil : .failure(2001, status: 401, "plain tokens only") }
            try await spare.register()
            let reply = try await environment.cpo.send(.get, .tokens, .sender, to: spare.id)
            try reply.expectSuccess()
        }
    }

    private static func tokenA(_ environment: TestEnvironment) async throws {
        try await environment.withSpare(registered: false) { spare in
            let tokenA = try await environment.hub.invite(spare.ids)
            try await spare.discover(with: tokenA)
            try await spare.configure(.get, try spare.credentialsURL(), token: tokenA).expect(http: 200)
            for module in ModuleTable.functional {
                let reply = try await spare.send(
                    .get, module, .sender, query: "date_from=2024-01-01T00:00:00Z", to: environment.cpo.id,
                    token: tokenA)
                if reply.status == 404 || reply.status == 405 { continue }
                try reply.expect(http: 401)
            }
            let id = Sample.id("LOC")
            let put = try await spare.send(
                .put, .locations, .receiver, Sample.path(spare.id, id), to: environment.emsp.id, body: Sample.location(id, of: spare.id),
                token: tokenA)
            try put.expect(http: 401)
            if let url = try? spare.endpoint(.hubclientinfo, .sender) {
                try await spare.configure(.get, url, token: tokenA).expect(http: 401)
            }
        }
    }

    private static func contentType(_ environment: TestEnvironment) async throws {
        let id = Sample.id("LOC")
        let put = try await environment.cpo.send(
            .put, .locations, .receiver, Sample.path(environment.cpo.id, id), to: environment.emsp.id,
            body: Sample.location(id, of: environment.cpo.id))
        try put.expectSuccess()
        let type = try await environment.emsp.arrival(of: put).header("Content-Type") ?? "missing"
        try require(type.lowercased().hasPrefix("application/json"), "Content-Type of what was forwarded is \(type)")
        for headers in [[], [("Content-Type", "application/json")]] {
            try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id, headers: headers).expectSuccess()
            try await environment.emsp.configure(.get, environment.hub.versionsURL, headers: headers).expect(http: 200)
        }
    }

    private static func headerCase(_ environment: TestEnvironment) async throws {
        let token = try require(environment.emsp.tokenC, "there is no token C")
        let headers = [
            (OCPIHeader.authorization, token.authorization(encoding: .base64)), (OCPIHeader.requestID, UUIDText.v4()),
            (OCPIHeader.correlationID, UUIDText.v4()), (OCPIHeader.fromCountry, environment.emsp.id.country),
            (OCPIHeader.fromParty, environment.emsp.id.party), (OCPIHeader.toCountry, environment.cpo.id.country),
            (OCPIHeader.toParty, environment.cpo.id.party),
        ]
        for spelled in [{ $0.lowercased() }, { $0.uppercased() }] as [(String) -> String] {
            let reply = try await environment.emsp.send(
                .get, .locations, .sender, to: environment.cpo.id, omitting: headers.map(\.0),
                headers: headers.map { (spelled($0.0), $0.1) })
            try reply.expectSuccess()
            try same("OCPI-from at the recipient", try await environment.cpo.arrival(of: reply).from, environment.emsp.id)
        }
    }
}
