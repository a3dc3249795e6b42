import Directory
import Encoding
import OCPI
import Testing

@Suite struct DirectoryTests {
    let secrets = NodeSecrets(current: Array("a secret of the node".utf8))

    @Test func aRegisteredPlatformIsFoundByItsPartyWithoutCaseAndByItsToken() throws {
        var directory = Directory(secrets: secrets)
        directory.apply(platform("p1", token: "C1", outbound: "B1"))
        directory.apply(.claim(PartyClaim(party: try party("DE-CPO"), platform: "p1", since: time(1))))
        directory.apply(.endpoints(platform: "p1", [Endpoint(module: .cdrs, interface: .receiver, url: "https://cpo/cdrs")]))
        #expect(directory.platform(of: try party("de-cpo"))?.id == "p1")
        let found = try #require(directory.platform(presenting: [Token("nonsense"), Token("C1")]))
        #expect(found.platform.id == "p1" && found.use == .credentials && found.token.raw == "C1")
        #expect(directory.platform(presenting: [Token("B1")]) == nil, "the token we send is not one we accept")
        #expect(directory.outboundToken(of: "p1")?.raw == "B1")
        #expect(directory.authorization(for: found.platform) == "Token QjE=")
        #expect(directory.endpoint(of: "p1", .cdrs, .receiver) == "https://cpo/cdrs")
        #expect(directory.endpoint(of: "p1", .cdrs, .sender) == nil)
    }

    @Test func onWhoseAccountAPartyGoes() throws {
        var directory = Directory(secrets: secrets)
        let parties = try ["DE-CPO", "DE-TWO", "NL-ONE", "NL-TWO", "FR-XXX"].map { try party($0) }
        directory.apply(
            .platform(
                Platform(
                    id: "p1", tokenCHashes: [TokenHash.of(Token("C1"))], outboundToken: secrets.seal(Token("B1")),
                    versionsURL: "https://p1",
                    roles: parties.prefix(2).map { PlatformRole(role: "CPO", party: $0) })))
        for party in parties.prefix(2) { directory.apply(.claim(PartyClaim(party: party, platform: "p1", since: time(1)))) }
        directory.apply(.node(NetworkNode(operatorAddress: "0xAbc", url: "https://node", source: "file")))
        for party in parties[2...3] {
            directory.apply(.party(NetworkParty(party: party, roles: ["EMSP"], operatorAddress: "0xAbc", source: "file")))
        }
        #expect(parties.map(directory.account(of:)) == ["platform/p1", "platform/p1", "node/0xabc", "node/0xabc", "PARTY/FR-XXX"])
        let lowercase = try ["de-cpo", "fr-xxx"].map { try party($0) }
        #expect(lowercase.map(directory.account(of:)) == ["platform/p1", "PARTY/FR-XXX"])
    }

    @Test func tokenAOnlyServesRegistrationAndAnUnregisteredPlatformServesNoParty() throws {
        var directory = Directory(secrets: secrets)
        directory.apply(.platform(Platform(id: "p1", tokenAHash: TokenHash.of(Token("A1")))))
        directory.apply(.claim(PartyClaim(party: try party("DE-CPO"), platform: "p1", since: time(1))))
        #expect(directory.platform(presenting: [Token("A1")])?.use == .registration)
        #expect(directory.platform(of: try party("DE-CPO")) == nil)
    }

    @Test func aRotatedTokenIsDead() throws {
        var directory = Directory(secrets: secrets)
        directory.apply(platform("p1", token: "old", outbound: "B"))
        directory.apply(platform("p1", token: "new", outbound: "B"))
        #expect(directory.platform(presenting: [Token("old")]) == nil)
        #expect(directory.platform(presenting: [Token("new")])?.platform.id == "p1")
        directory.apply(key: FactKey.platform("p1"), nil)
        #expect(directory.platform(presenting: [Token("new")]) == nil && directory.outboundToken(of: "p1") == nil)
    }

    @Test func theEarliestClaimOfAPartyCountsInWhateverOrderRecordsAreRead() throws {
        let de = try party("DE-CPO")
        let first = Fact.claim(PartyClaim(party: de, platform: "p1", since: time(1)))
        let second = Fact.claim(PartyClaim(party: de, platform: "p2", since: time(2)))
        for order in [[first, second], [second, first], [first, second, first]] {
            var directory = Directory(secrets: secrets)
            for fact in order { directory.apply(fact) }
            #expect(directory.claim(of: de)?.platform == "p1")
            directory.apply(key: first.key, nil)
            #expect(directory.claim(of: de)?.platform == "p2")
        }
    }

    /// A renewal that lost leaves claims for a moment.
    @Test func aClaimRoutesNothingUntilThePlatformsRecordHasTheParty() throws {
        let (de, nl) = (try party("DE-CPO"), try party("NL-CPO"))
        var directory = Directory(secrets: secrets)
        directory.apply(platform("p1", token: "C1", outbound: "B1"))
        for party in [de, nl] { directory.apply(.claim(PartyClaim(party: party, platform: "p1", since: time(1)))) }
        let p1 = try #require(directory.platform(id: "p1"))
        #expect(directory.platform(of: de) == p1 && directory.serves(p1, de))
        #expect(directory.platform(of: nl) == nil && !directory.serves(p1, nl) && directory.pendingClaims.map(\.party) == [nl])

        // A later claim of a platform that registered with the party is not hidden by it.
        let p2 = Platform(id: "p2", tokenCHashes: ["c"], roles: [PlatformRole(role: "CPO", party: nl)])
        directory.apply(.platform(p2))
        directory.apply(.claim(PartyClaim(party: nl, platform: "p2", since: time(9))))
        #expect(directory.platform(of: nl) == p2 && directory.serves(p2, nl) && !directory.serves(p1, nl))
        // Its next record is without the party, and then it is there no more.
        directory.apply(.platform(p2.changed { $0.roles = [] }))
        #expect(directory.platform(of: nl) == nil && !directory.serves(p2, nl))
        directory.apply(.platform(p2.changed { $0.tokenCHashes = ["d"] }.changed { _ in }))
        #expect(directory.platform(of: nl)?.id == "p2")
        directory.apply(key: FactKey.platform("p2"), nil)
        #expect(directory.platform(of: nl) == nil)
    }

    @Test func onlyURLsWithTheOriginOfAnOwnEndpointAreTheParty_s() throws {
        var directory = Directory(secrets: secrets)
        directory.apply(platform("p1", token: "C1", outbound: "B1"))
        let de = try party("DE-CPO")
        directory.apply(.claim(PartyClaim(party: de, platform: "p1", since: time(1))))
        directory.apply(.endpoints(platform: "p1", [Endpoint(module: .cdrs, interface: .receiver, url: "https://cpo.example/cdrs")]))
        #expect(directory.owns(de, url: "https://cpo.example/other/1"))
        #expect(directory.owns(de, url: "https://CPO.example:443/x"))
        let strangers = [
            "http://cpo.example/x", "https://cpo.example.evil/x", "https://cpo.example:8443/x", "https://cpo.example@evil/x", "file:///x",
            "",
        ]
        for stranger in strangers {
            #expect(!directory.owns(de, url: stranger), "\(stranger)")
        }
    }

    @Test func whatCouldNotBeServedLaterIsNoURLToHandOut() throws {
        var directory = Directory(secrets: secrets)
        var registered = Platform(id: "p1", tokenCHashes: ["hash"])
        registered.versionsURL = "https://cpo.example/ocpi"
        let (de, nl) = (try party("DE-CPO"), try party("NL-CPO"))
        registered.roles = [PlatformRole(role: "CPO", party: de)]
        for fact in [
            Fact.platform(registered), .claim(PartyClaim(party: de, platform: "p1", since: time(1))),
            .endpoints(
                platform: "p1",
                [
                    Endpoint(module: .cdrs, interface: .receiver, url: "https://cpo.example/ocpi/cdrs"),
                    Endpoint(module: .credentials, interface: .sender, url: "https://cpo.example/ocpi/credentials"),
                ]),
        ] { directory.apply(fact) }
        for url in ["https://cpo.example/ocpi/cdrs/1", "https://CPO.example:443/other?x", "https://cpo.example/ocpi/results/1"] {
            #expect(directory.defect(of: url, handedOutBy: de) == nil, "\(url)")
            #expect(directory.defect(of: url, handedOutBy: nl)?.contains("not connected") == true)
        }
        let bad = [
            ("http://cpo.example/1", "is at http://cpo.example:80, but the endpoints of DE-CPO are at https://cpo.example:443"),
            ("https://internal.example/1", "is at https://internal.example:443"), ("https://cpo.example/ocpi", "leads to credentials"),
            ("https://cpo.example/ocpi/", "leads to credentials"), ("https://cpo.example/ocpi/Credentials/x", "leads to credentials"),
            ("https://cpo.example/ocpi/credentials.json", "leads to credentials"),
            ("https://cpo.example/ocpi/%2563redentials%20", "leads to credentials"),
            ("https://cpo.example/ocpi.json", "leads to credentials"),
            ("/ocpi/cdrs", "is not an absolute"), ("https://cpo.example/a/../b", "has a segment"),
            ("https://cpo.example/#1", "has a fragment"),
        ]
        for (url, says) in bad {
            let defect = directory.defect(of: url, handedOutBy: de)
            #expect(defect?.hasPrefix(says) == true, "\(url): \(defect ?? "good")")
        }
        let origins = Fact.origins(platform: "p1", ["https://internal.example:443"])
        #expect(Fact(key: origins.key, json: origins.json) == origins)
        directory.apply(origins)
        #expect(directory.defect(of: "https://Internal.example/1", handedOutBy: de) == nil)
        directory.apply(key: origins.key, nil)
        #expect(directory.defect(of: "https://internal.example/1", handedOutBy: de) != nil)
    }

    @Test func endpointsThatOnlyDifferInTheirQueryAreToldApart() throws {
        var directory = Directory(secrets: secrets)
        var registered = Platform(id: "p1", tokenCHashes: ["hash"])
        registered.versionsURL = "http://h/api?m=versions"
        let de = try party("DE-CPO")
        registered.roles = [PlatformRole(role: "CPO", party: de)]
        func endpoint(_ module: ModuleID, _ query: String) -> Endpoint {
            Endpoint(module: module, interface: .sender, url: "http://h/api" + query)
        }
        for fact in [
            Fact.platform(registered), .claim(PartyClaim(party: de, platform: "p1", since: time(1))),
            .endpoints(
                platform: "p1",
                [
                    endpoint(.credentials, "?m=credentials"), endpoint(.locations, "?m=locations"),
                    endpoint(.tariffs, "?m=locations&part=tariffs"),
                ]),
        ] { directory.apply(fact) }
        func modules(_ query: String) -> [ModuleID] { directory.modules(of: de, at: "http://h/api" + query).map(\.module) }
        for query in ["?m=locations", "?m=locations&offset=5", "/LOC1?x&m=locations", "?M=%6cocations"] {
            #expect(modules(query) == [.locations] && directory.defect(of: "http://h/api" + query, handedOutBy: de) == nil, "\(query)")
            #expect(directory.lies("http://h/api" + query, below: .locations, .sender, of: de))
        }
        #expect(modules("?part=tariffs&m=locations&x") == [.tariffs])
        #expect(!directory.lies("http://h/api?part=tariffs&m=locations&x", below: .locations, .sender, of: de))
        for query in ["", "?", "?m", "?m=", "?m=cdrs", "?xm=locations", "?part=tariffs", "/m=locations"] {
            #expect(modules(query).isEmpty && directory.defect(of: "http://h/api" + query, handedOutBy: de) == nil, "\(query)")
        }
        for query in [
            "?m=credentials", "?x&m=credentials", "/1?m=credentials", "?M=Credential%73", "?m=locations&m=credentials", "?m=versions",
            "?m=locations;m=credentials", "?m=versions&x", "?m=locations&part=tariffs&m=credentials", "?m=locations&m=versions",
            "?m=locations&+m=credentials", "?m=locations&m[]=versions", "?m=locations&m%00=x", "?m=credentials.json", "?m=locations&m=cdrs",
        ] {
            let defect = directory.defect(of: "http://h/api" + query, handedOutBy: de)
            #expect(defect?.hasPrefix("leads to credentials") == true, "\(query)")
        }
    }

    /// It is found once, when a platform says where its places are, and not again for every call.
    @Test func endpointsAboveCredentialsAreFoundAgainWheneverAPlatformMoves() throws {
        var directory = Directory(secrets: secrets)
        let de = try party("DE-CPO")
        let base = "https://cpo.example/ocpi"
        func leads(_ place: String, below endpoint: String? = nil) -> Bool {
            directory.leadsToConfiguration((endpoint ?? base) + place, of: de, .locations, below: endpoint ?? base)
        }
        func endpoints(_ locations: String, _ credentials: String?) -> [Endpoint] {
            [Endpoint(module: .locations, interface: .sender, url: locations)]
                + [credentials].compactMap { $0 }.map { Endpoint(module: .credentials, interface: .sender, url: $0) }
        }
        // A record of an older version has its endpoints apart, written before the platform or after it.
        directory.apply(.endpoints(platform: "p1", endpoints(base, base + "/credentials")))
        directory.apply(.claim(PartyClaim(party: de, platform: "p1", since: time(1))))
        #expect(!leads("/credentials"), "nobody is connected")
        var registered = Platform(id: "p1", tokenCHashes: ["hash"], roles: [PlatformRole(role: "CPO", party: de)], revision: 1)
        directory.apply(.platform(registered))
        #expect(leads("/credentials") && leads("/Credentials/x") && !leads("/LOC1") && !leads("?a=credentials"))
        for place in ["/credentials.json", "/credentials%20", "/credentials%00", "/credentials.", "/%2563redentials", "/credentials%3fx"] {
            #expect(leads(place), "\(place)")
        }
        #expect(!leads("/credentials-of-DE/1") && !leads("/LOC1/credentials"))
        directory.apply(.endpoints(platform: "p1", endpoints(base + "/locations", base + "/credentials")))
        #expect(!leads("/credentials", below: base + "/locations"))
        directory.apply(.endpoints(platform: "p1", endpoints(base, nil)))
        #expect(!leads("/credentials"))
        // Where its versions are counts too, and what stands in the platform's own record comes before the other.
        registered = registered.changed { $0.versionsURL = base + "/versions" }
        directory.apply(.platform(registered))
        #expect(leads("/versions") && !leads("/credentials"))
        registered = registered.changed { $0.endpoints = endpoints(base + "?m=locations", base + "?m=credentials") }
        directory.apply(.platform(registered))
        #expect(leads("&m=credentials", below: base + "?m=locations") && !leads("&x", below: base + "?m=locations"))
        for query in ["&+m=credentials", "&%20m=x", "&m%00=x", "&m[]=x"] {
            #expect(leads(query, below: base + "?m=locations"), "\(query)")
        }
        let last = Fact.platform(registered)
        directory.apply(key: last.key, nil)
        #expect(!leads("&m=credentials", below: base + "?m=locations"))
        directory.apply(last)
        #expect(leads("&m=credentials", below: base + "?m=locations"))
        directory.apply(.gone(platform: "p1", time(2)))
        #expect(!leads("&m=credentials", below: base + "?m=locations"))
    }

    @Test func agreementsAreInForceWhileTheirRecordExists() throws {
        var directory = Directory(secrets: secrets)
        let (cpo, billing) = (try party("DE-CPO"), try party("DE-BIL"))
        let service = NetworkService(provider: billing, name: "Billing", permissions: [999, 8], source: "state")
        let agreement = Fact.agreement(Agreement(user: cpo, provider: billing, source: "state"))
        directory.apply(.service(service))
        #expect(directory.services(agreedBy: cpo).isEmpty)
        directory.apply(agreement)
        #expect(directory.services(agreedBy: cpo) == [service] && directory.hasAgreement(user: cpo, provider: billing))
        #expect(service.permission(for: .cdrs, .receiver)?.rawValue == 8)
        #expect(service.permission(for: .cdrs, .sender) == nil && service.permission(for: .sessions, .receiver) == nil)
        directory.apply(key: agreement.key, nil)
        #expect(directory.services(agreedBy: cpo).isEmpty && directory.agreements.isEmpty)
    }

    @Test func everyFactSurvivesItsJSON() throws {
        let de = try party("DE-CPO")
        let facts: [Fact] = [
            .platform(
                Platform(
                    id: "p1", tokenAHash: "aa", tokenCHashes: ["bb", "cc"], outboundToken: SealedSecret(text: "zz"), tokenEncoding: .plain,
                    versionsURL: "https://v", version: .v2_2, roles: [PlatformRole(role: "CPO", party: de, businessDetails: ["name": "X"])],
                    invited: [de], invitedUntil: [de: time(7)], retiringTokens: [RetiringToken(hash: "dd", until: time(8))],
                    endpoints: [Endpoint(module: .cdrs, interface: .receiver, url: "https://e")], revision: 4)),
            .platform(Platform(id: "p2", tokenAHash: "aa", tokenAExpires: time(9))), .gone(platform: "p3", time(10)),
            .endpoints(platform: "p1", [Endpoint(module: ModuleID(rawValue: "invoices"), interface: .sender, url: "https://x")]),
            .status(platform: "p1", .offline, time(1_700_000_000_000)), .claim(PartyClaim(party: de, platform: "p1", since: time(5))),
            .node(NetworkNode(operatorAddress: "0xAB", url: "https://n", dialect: "ocn-2", source: "file")),
            .party(NetworkParty(party: de, roles: ["CPO", "EMSP"], partyAddress: "0xCD", operatorAddress: "0xAB", source: "state")),
            .service(
                NetworkService(provider: de, name: "n", url: "https://s", permissions: [0, 16, 500], delivery: .topic, source: "state")),
            .agreement(Agreement(user: de, provider: try party("DE-BIL"), source: "state")),
            .leader(LeaderClaim(instance: "i", claim: "c")),
        ]
        for fact in facts {
            #expect(Fact(key: fact.key, json: try JSONValue.parse(fact.json.text)) == fact)
        }
        #expect(Fact(key: "unknown/1", json: [:]) == nil && Fact(key: "platform/1", json: "text") == nil)
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }

    private func platform(_ id: String, token: String, outbound: String) -> Fact {
        .platform(
            Platform(
                id: id, tokenCHashes: [TokenHash.of(Token(token))], outboundToken: secrets.seal(Token(outbound)), versionsURL: "https://v",
                version: .v2_2_1, roles: PartyID("DE-CPO").map { [PlatformRole(role: "CPO", party: $0)] } ?? []))
    }
}

extension Directory {
    fileprivate mutating func apply(_ fact: Fact) { apply(key: fact.key, fact) }
}
