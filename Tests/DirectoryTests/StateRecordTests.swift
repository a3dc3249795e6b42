import Encoding
import OCPI
import Testing

@testable import Directory

/// Keys and values of `ocn.state`, byte for byte: processes of several versions read and write them.
@Suite struct StateRecordTests {
    /// One record of the log.
    struct Record: Sendable, CustomTestStringConvertible {
        let fact: Fact
        let key: String
        let json: String

        var testDescription: String { key }
    }

    static let party = PartyID(country: "de", party: "Cpo")
    private static let time = Timestamp(milliseconds: 1_700_000_000_123)
    private static let written = "2023-11-14T22:13:20.123Z"

    static let records: [Record] = platforms + network + operations

    private static let platforms: [Record] = {
        guard let party else { return [] }
        let endpoint = Endpoint(module: ModuleID(rawValue: "invoices"), interface: .sender, url: "https://e/?a=\"b\"")
        let full = Platform(
            id: "p1", tokenAHash: "aa", tokenAExpires: time, tokenCHashes: ["bb", "cc"], outboundToken: SealedSecret(text: "zz"),
            tokenEncoding: .plain, versionsURL: "https://v", version: .v2_2,
            roles: [PlatformRole(role: "CPO", party: party, businessDetails: ["name": "Ü"]), PlatformRole(role: "EMSP", party: party)],
            invited: [party], invitedUntil: [party: time], retiringTokens: [RetiringToken(hash: "dd", until: time)],
            endpoints: [endpoint], revision: 4)
        return [
            Record(
                fact: .platform(full), key: "platform/p1",
                json: #"{"id":"p1","token_a":"aa","token_a_expires":"\#(written)","token_c":["bb","cc"],"token_b":"zz","#
                    + #""token_encoding":"plain","versions_url":"https://v","version":"2.2","retiring":[{"hash":"dd","until":"\#(written)"}],"#
                    + #""roles":[{"role":"CPO","business_details":{"name":"Ü"},"party_id":"Cpo","country_code":"de"},"#
                    + #"{"role":"EMSP","party_id":"Cpo","country_code":"de"}],"invited":["de-Cpo"],"invited_until":{"DE-CPO":"\#(written)"},"#
                    + #""endpoints":[{"identifier":"invoices","role":"SENDER","url":"https://e/?a=\"b\""}],"revision":4}"#),
            Record(
                fact: .platform(Platform(id: "p2")), key: "platform/p2",
                json: #"{"id":"p2","token_c":[],"token_encoding":"base64","retiring":[],"roles":[],"invited":[],"invited_until":{}}"#),
            Record(
                fact: .endpoints(platform: "p1", [endpoint]), key: "endpoints/p1",
                json: #"{"platform":"p1","endpoints":[{"identifier":"invoices","role":"SENDER","url":"https://e/?a=\"b\""}]}"#),
            Record(
                fact: .status(platform: "p1", .offline, time), key: "status/p1",
                json: #"{"platform":"p1","status":"OFFLINE","time":"\#(written)"}"#),
            Record(
                fact: .claim(PartyClaim(party: party, platform: "p1", since: time)), key: "claim/DE-CPO/p1",
                json: #"{"party":"de-Cpo","platform":"p1","since":"\#(written)"}"#),
            Record(
                fact: .rules(platform: "p1", signatures: true, active: .whitelist), key: "rules/p1",
                json: #"{"platform":"p1","signatures":true,"active":"whitelist"}"#),
            Record(
                fact: .rules(platform: "p1", signatures: false, active: nil), key: "rules/p1",
                json: #"{"platform":"p1","signatures":false}"#),
            Record(
                fact: .rule(platform: "p1", .blacklist, OCNRules.Entry(party: party, modules: [.cdrs, .tokens])),
                key: "rule/p1/blacklist/DE-CPO",
                json: #"{"platform":"p1","list":"blacklist","party":"DE-CPO","modules":["cdrs","tokens"]}"#),
            Record(
                fact: .origins(platform: "p1", ["https://o:443"]), key: "origins/p1",
                json: #"{"platform":"p1","origins":["https://o:443"]}"#),
            Record(fact: .gone(platform: "p1", time), key: "gone/p1", json: #"{"platform":"p1","time":"\#(written)"}"#),
        ]
    }()

    private static let network: [Record] = {
        guard let party, let other = PartyID("NL-BIL") else { return [] }
        let info = ClientInfo(party: party, role: "Cpo", status: .suspended, lastUpdated: time)
        let told = #"{"party_id":"Cpo","country_code":"de","role":"Cpo","status":"SUSPENDED","last_updated":"\#(written)"}"#
        return [
            Record(fact: .clientInfo(info), key: "clientinfo/DE-CPO/Cpo", json: told),
            Record(fact: .announced(info), key: "announced/DE-CPO/Cpo", json: told),
            Record(
                fact: .node(NetworkNode(operatorAddress: "0xAB", url: "https://n", dialect: "ocn-2", isVerbatim: true, source: "file")),
                key: "node/0xab",
                json: #"{"operator":"0xab","url":"https://n","dialect":"ocn-2","verbatim":true,"source":"file"}"#),
            Record(
                fact: .party(NetworkParty(party: party, roles: ["CPO"], partyAddress: "0xCD", operatorAddress: "0xAB", source: "state")),
                key: "party/DE-CPO",
                json: #"{"party":"de-Cpo","roles":["CPO"],"address":"0xcd","operator":"0xab","source":"state"}"#),
            Record(
                fact: .party(NetworkParty(party: other, roles: [], operatorAddress: "0xAB", source: "state")), key: "party/NL-BIL",
                json: #"{"party":"NL-BIL","roles":[],"operator":"0xab","source":"state"}"#),
            Record(
                fact: .service(
                    NetworkService(
                        provider: party, name: "n", url: "https://s", permissions: [0, 500], delivery: .topic, source: "state")),
                key: "service/DE-CPO",
                json: #"{"provider":"de-Cpo","name":"n","url":"https://s","permissions":[0,500],"delivery":"topic","source":"state"}"#),
            Record(
                fact: .service(NetworkService(provider: other, name: "", permissions: [], source: "state")), key: "service/NL-BIL",
                json: #"{"provider":"NL-BIL","name":"","permissions":[],"delivery":"push","source":"state"}"#),
            Record(
                fact: .agreement(Agreement(user: party, provider: other, source: "state")), key: "agreement/DE-CPO/NL-BIL",
                json: #"{"user":"de-Cpo","provider":"NL-BIL","source":"state"}"#),
        ]
    }()

    private static let operations: [Record] = {
        guard let party, let rule = try? StoreRule(recipient: party, module: .tariffs, method: .delete) else { return [] }
        return [
            Record(fact: .leader(LeaderClaim(instance: "i", claim: "c")), key: "leader", json: #"{"instance":"i","claim":"c"}"#),
            Record(
                fact: .outbox(OutboxOrder(recipient: party, isPaused: true, rewind: .init(id: "r", to: time))), key: "outbox/DE-CPO",
                json: #"{"recipient":"DE-CPO","paused":true,"rewind":{"id":"r","to":"\#(written)"}}"#),
            Record(
                fact: .outbox(OutboxOrder(recipient: party, isPaused: false)), key: "outbox/DE-CPO",
                json: #"{"recipient":"DE-CPO","paused":false}"#),
            Record(
                fact: .outboxDone(party.canonical, partition: 3, rewindID: "r"), key: "outboxdone/DE-CPO/3",
                json: #"{"recipient":"DE-CPO","partition":3,"rewind":"r"}"#),
            Record(
                fact: .breaker(BreakerReport(recipient: party, worker: "w", state: .halfOpen, since: time)), key: "breaker/DE-CPO/w",
                json: #"{"recipient":"DE-CPO","worker":"w","state":"half-open","since":"\#(written)","seen":"\#(written)"}"#),
            Record(
                fact: .storeRule(rule), key: "store/DE-CPO/tariffs/DELETE",
                json: #"{"recipient":"DE-CPO","module":"tariffs","method":"DELETE"}"#),
            Record(
                fact: .identity(NodeIdentity(operatorAddress: "0xAB", secret: "s")), key: "identity",
                json: #"{"operator":"0xab","secret":"s"}"#),
            Record(
                fact: .process(
                    ProcessReport(
                        instance: "i", start: "1", roles: ["matcher"], secrets: ["f"], settings: ["b": "2", "a": "1"], clockOffset: -5,
                        seen: time)),
                key: "process/i",
                json: #"{"instance":"i","start":"1","roles":["matcher"],"secrets":["f"],"settings":{"a":"1","b":"2"},"#
                    + #""clock_offset_ms":-5,"seen":"\#(written)"}"#),
            Record(
                fact: .process(ProcessReport(instance: "i", start: "1", seen: time)), key: "process/i",
                json: #"{"instance":"i","start":"1","roles":[],"secrets":[],"settings":{},"seen":"\#(written)"}"#),
        ]
    }()

    @Test(arguments: records)
    func theFormOfARecordDoesNotChange(_ record: Record) throws {
        #expect(record.fact.key == record.key)
        #expect(record.fact.json.text == record.json)
        #expect(Fact(key: record.key, json: try JSONValue.parse(record.json)) == record.fact)
    }

    @Test func thereIsARecordOfEachKind() {
        let listed = (PlatformIndex.kinds + NetworkIndex.kinds + OperationsIndex.kinds).map { $0.kind }
        #expect(listed.count == 21 && Set(listed).count == 21, "no two kinds have the same keys")
        #expect(Set(Self.records.map { String($0.key.prefix { $0 != "/" }) }) == Set(listed))
    }

    @Test func aRecordUnderAnotherKeyIsNone() throws {
        for record in Self.records {
            let json = try JSONValue.parse(record.json)
            #expect(Fact(key: record.key + "x", json: json) == nil && Fact(key: "x" + record.key, json: json) == nil, "\(record.key)")
        }
    }
}
