import Directory
import Encoding
import OCPI
import Testing

@Suite struct ClientInfoTests {
    let own = "0x00000000000000000000000000000000000000aa"
    let other = "0x00000000000000000000000000000000000000bb"

    @Test func aClientInfoSurvivesItsJSONAndAnIncompleteOneIsNone() throws {
        let info = ClientInfo(party: try party("DE-CPO"), role: "CPO", status: .offline, lastUpdated: time(1_700_000_000_000))
        #expect(ClientInfo(json: try JSONValue.parse(info.json.text)) == info)
        #expect(
            info.json.text
                == #"{"party_id":"CPO","country_code":"DE","role":"CPO","status":"OFFLINE","last_updated":"2023-11-14T22:13:20.000Z"}"#)
        for name in ["party_id", "country_code", "role", "status", "last_updated"] {
            let members = (info.json.members ?? []).filter { $0.name != name }
            #expect(ClientInfo(json: .object(members)) == nil, "without \(name)")
        }
        var unknown = info.json.members ?? []
        unknown[3].value = "GONE"
        #expect(ClientInfo(json: .object(unknown)) == nil)
    }

    @Test func ownPlatformsStandBeforeWhatWasToldAndThatBeforeTheRegistry() throws {
        let directory = directory([
            .party(NetworkParty(party: try party("DE-CPO"), roles: ["CPO"], operatorAddress: own, source: "t")),
            .party(NetworkParty(party: try party("DE-NEW"), roles: ["CPO", "EMSP"], operatorAddress: own, source: "t")),
            .party(NetworkParty(party: try party("NL-REM"), roles: ["CPO"], operatorAddress: other, source: "t")),
            .clientInfo(try info("NL-REM", "CPO", .offline, 7)), .clientInfo(try info("DE-CPO", "CPO", .suspended, 8)),
            .platform(
                Platform(id: "p1", tokenCHashes: ["h"], roles: [PlatformRole(role: "CPO", party: try party("de-cpo"))])),
            .claim(PartyClaim(party: try party("DE-CPO"), platform: "p1", since: time(1))), .status(platform: "p1", .connected, time(9)),
        ])
        #expect(
            directory.clientInfos() == [
                try info("DE-CPO", "CPO", .connected, 9), try info("DE-NEW", "CPO", .planned, 0), try info("DE-NEW", "EMSP", .planned, 0),
                try info("NL-REM", "CPO", .offline, 7),
            ])
    }

    @Test func aPlannedPartyIsSoSinceItWasAnnounced() throws {
        var facts: [Fact] = [.party(NetworkParty(party: try party("DE-NEW"), roles: ["CPO"], operatorAddress: own, source: "t"))]
        #expect(directory(facts).clientInfos(registered: time(3)) == [try info("DE-NEW", "CPO", .planned, 3)])
        facts.append(.announced(try info("DE-NEW", "CPO", .planned, 50)))
        #expect(directory(facts).clientInfos() == [try info("DE-NEW", "CPO", .planned, 50)])
        facts.append(.announced(try info("DE-NEW", "CPO", .connected, 60)))
        #expect(directory(facts).clientInfos() == [try info("DE-NEW", "CPO", .planned, 0)], "another status has another time")
    }

    @Test func aPartyThatIsNowhereAnyMoreIsSuspended() throws {
        let directory = directory([.announced(try info("DE-OLD", "CPO", .connected, 5))])
        #expect(directory.clientInfos() == [try info("DE-OLD", "CPO", .suspended, 5)])
    }

    @Test(arguments: ["0x0000000000000000000000000000000000000000", ""])
    func aPartyThatTheRegistryListsWithoutAnOperatorIsNotPlanned(address: String) throws {
        let directory = directory([.party(NetworkParty(party: try party("DE-DEL"), roles: ["CPO"], operatorAddress: address, source: "t"))])
        #expect(directory.clientInfos().isEmpty)
    }

    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
    private func info(_ text: String, _ role: String, _ status: PlatformStatus, _ milliseconds: Int64) throws -> ClientInfo {
        ClientInfo(party: try party(text), role: role, status: status, lastUpdated: time(milliseconds))
    }
    private func directory(_ facts: [Fact]) -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        for fact in facts { directory.apply(key: fact.key, fact) }
        return directory
    }
}
