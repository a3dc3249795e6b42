import NIOCore
import OCPI
import Synchronization
import Wire

/// Requirements 1 to 12: tokens and headers.
enum TransportChecks {
    static let all: [Check] = [
        Check(1, missingToken),
        Check(2) { rig in try await refused(rig, authorization: Token.generate().authorization(encoding: .base64)) },
        Check(3) { rig in
            let value = try await authorization(of: rig.emsp, callingFrom: rig)
            let words = value.split(separator: " ", omittingEmptySubsequences: false)
            try require(words.count == 2 && words.first == "Token", "Authorization is not the word Token, one space and one more word")
        },
        Check(4, base64),
        Check(5, lineFeed),
        Check(6, plainTokens),
        Check(7) { rig in
            for party in rig.parties {
                let reply = try await party.configure(.get, try party.credentialsURL()).expect(code: 1000)
                let token = try require(reply.data?["token"]?.string, "credentials have no token")
                try require(1...64 ~= token.count, "the token has \(token.count) characters")
                // Taken as it stands there and encoded by us, it opens the door.
                try await party.configure(.get, rig.hub.versionsURL, token: Token(token)).expect(http: 200)
            }
        },
        Check(8) { rig in
            for party in rig.parties {
                let token = try require(party.tokenC, "there is no token C")
                try require(token.raw.utf8.allSatisfy { 0x21...0x7E ~= $0 }, "the token has other characters than U+0021 to U+007E")
                let swapped = String(token.raw.map { $0.isLowercase ? Character($0.uppercased()) : Character($0.lowercased()) })
                guard swapped != token.raw else { continue }
                try await party.configure(.get, rig.hub.versionsURL, token: Token(swapped)).expect(http: 401)
            }
        },
        Check(9) { rig in
            var tokens = rig.parties.compactMap { $0.tokenC?.raw }
            if rig.hub.admin != nil {
                for _ in 0..<3 { tokens.append(try await rig.hub.invite([rig.cast.spare]).raw) }
            }
            try require(tokens.count >= rig.parties.count, "a party has no token")
            try require(Set(tokens).count == tokens.count, "the same token was issued twice")
        },
        Check(10, tokenA),
        Check(11, contentType),
        Check(12, headerCase),
    ]

    private static func missingToken(_ rig: Rig) async throws { try await refused(rig, authorization: nil) }

    /// Every module answers 401 to this `Authorization`.
    private static func refused(_ rig: Rig, authorization: String?) async throws {
        let party = rig.emsp
        let headers = authorization.map { [(OCPIHeader.authorization, $0)] } ?? []
        let omitted = [OCPIHeader.authorization]
        let urls =
            [
                rig.hub.versionsURL, try await party.detailsURL(of: rig.hub.version), try party.credentialsURL(),
            ] + [try? party.endpoint(.hubclientinfo, .sender)].compactMap { $0 }
        for url in urls {
            try await party.configure(.get, url, omitting: omitted, headers: headers).expect(http: 401)
        }
        try await party.send(.get, .locations, .sender, to: rig.cpo.id, omitting: omitted, headers: headers).expect(http: 401)
        let put = try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, "LOC1"), to: rig.emsp.id, body: Sample.location("LOC1", of: rig.cpo.id),
            omitting: omitted, headers: headers)
        try put.expect(http: 401)
        try require(rig.emsp.arrivals(of: put).isEmpty, "the request was forwarded all the same")
    }

    /// What the hub sends to a party as `Authorization`.
    private static func authorization(of party: Party, callingFrom rig: Rig) async throws -> String {
        let reply = try await rig.cpo.send(.get, .tokens, .sender, to: party.id)
        return try require(try await party.arrival(of: reply).header(OCPIHeader.authorization), "the hub sent no Authorization")
    }

    private static func base64(_ rig: Rig) async throws {
        try await rig.withSpare(registered: false) { spare in
            // Its encoding has "+", "/" and two "=".
            let token = Token("ab>cd?" + UUIDText.v4().prefix(7))
            spare.state.withLock { $0.tokenB = token }
            try await spare.register()
            let value = try await authorization(of: spare, callingFrom: rig)
            try require(
                value == "Token " + Base64.encode(Array(token.raw.utf8)), "the token is not encoded in Base64 with + and / and padding")
        }
    }

    private static func lineFeed(_ rig: Rig) async throws {
        let value = try await authorization(of: rig.emsp, callingFrom: rig)
        try require(
            value == rig.emsp.tokenB.authorization(encoding: .base64), "what the hub sends is not exactly the Base64 of the token")
        let token = try require(rig.emsp.tokenC, "there is no token C")
        let encoded = Base64.encode(Array(token.raw.utf8) + [UInt8(ascii: "\n")])
        let reply = try await rig.emsp.configure(
            .get, rig.hub.versionsURL, headers: [(OCPIHeader.authorization, "Token \(encoded)")])
        try reply.expect(http: 200).expect(code: 1000)
    }

    private static func plainTokens(_ rig: Rig) async throws {
        let token = try require(rig.emsp.tokenC, "there is no token C")
        let reply = try await rig.emsp.configure(
            .get, rig.hub.versionsURL, headers: [(OCPIHeader.authorization, token.authorization(encoding: .plain))])
        try reply.expect(http: 200).expect(code: 1000)
        try await rig.withSpare(registered: false) { spare in
            let wanted = spare.tokenB.authorization(encoding: .plain)
            spare.script { $0.header(OCPIHeader.authorization) == wanted ? nil : .failure(2001, status: 401, "plain tokens only") }
            try await spare.register()
            let reply = try await rig.cpo.send(.get, .tokens, .sender, to: spare.id)
            try reply.expectSuccess()
        }
    }

    private static func tokenA(_ rig: Rig) async throws {
        try await rig.withSpare(registered: false) { spare in
            let tokenA = try await rig.hub.invite(spare.ids)
            try await spare.discover(with: tokenA)
            try await spare.configure(.get, try spare.credentialsURL(), token: tokenA).expect(http: 200)
            for module in ModuleTable.functional {
                let reply = try await spare.send(
                    .get, module, .sender, query: "date_from=2024-01-01T00:00:00Z", to: rig.cpo.id,
                    token: tokenA)
                if reply.status == 404 || reply.status == 405 { continue }
                try reply.expect(http: 401)
            }
            let id = Sample.id("LOC")
            let put = try await spare.send(
                .put, .locations, .receiver, Sample.path(spare.id, id), to: rig.emsp.id, body: Sample.location(id, of: spare.id),
                token: tokenA)
            try put.expect(http: 401)
            if let url = try? spare.endpoint(.hubclientinfo, .sender) {
                try await spare.configure(.get, url, token: tokenA).expect(http: 401)
            }
        }
    }

    private static func contentType(_ rig: Rig) async throws {
        let id = Sample.id("LOC")
        let put = try await rig.cpo.send(
            .put, .locations, .receiver, Sample.path(rig.cpo.id, id), to: rig.emsp.id, body: Sample.location(id, of: rig.cpo.id))
        try put.expectSuccess()
        let type = try await rig.emsp.arrival(of: put).header("Content-Type") ?? "missing"
        try require(type.lowercased().hasPrefix("application/json"), "Content-Type of what was forwarded is \(type)")
        for headers in [[], [("Content-Type", "application/json")]] {
            try await rig.emsp.send(.get, .locations, .sender, to: rig.cpo.id, headers: headers).expectSuccess()
            try await rig.emsp.configure(.get, rig.hub.versionsURL, headers: headers).expect(http: 200)
        }
    }

    private static func headerCase(_ rig: Rig) async throws {
        let token = try require(rig.emsp.tokenC, "there is no token C")
        let headers = [
            (OCPIHeader.authorization, token.authorization(encoding: .base64)), (OCPIHeader.requestID, UUIDText.v4()),
            (OCPIHeader.correlationID, UUIDText.v4()), (OCPIHeader.fromCountry, rig.emsp.id.country),
            (OCPIHeader.fromParty, rig.emsp.id.party), (OCPIHeader.toCountry, rig.cpo.id.country), (OCPIHeader.toParty, rig.cpo.id.party),
        ]
        for spelled in [{ $0.lowercased() }, { $0.uppercased() }] as [(String) -> String] {
            let reply = try await rig.emsp.send(
                .get, .locations, .sender, to: rig.cpo.id, omitting: headers.map(\.0), headers: headers.map { (spelled($0.0), $0.1) })
            try reply.expectSuccess()
            try same("OCPI-from at the recipient", try await rig.cpo.arrival(of: reply).from, rig.emsp.id)
        }
    }
}
