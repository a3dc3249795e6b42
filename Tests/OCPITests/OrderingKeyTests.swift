import Encoding
import NIOCore
import OCPI
import Support
import Testing

@Suite struct OrderingKeyTests {
    private func key(
        _ module: ModuleID, _ interface: InterfaceRole, _ method: Method, _ remainder: String, body: String = "", isCallback: Bool = false
    ) throws -> String? {
        let sender = try #require(PartyID("ch-msp"))
        return OrderingKey.key(
            module: module, interface: interface, method: method, remainder: remainder, sender: sender, requestID: "r1",
            body: ByteBuffer(string: body), isCallback: isCallback)
    }

    @Test func readsHaveNone() throws {
        for module in ModuleTable.functional + [ModuleID(rawValue: "parking")] {
            #expect(try key(module, .receiver, .get, "DE/CPO/X") == nil)
        }
        #expect(try key(.chargingprofiles, .receiver, .get, "S1") == "CH-MSP|chargingprofiles|r1", "it asks for a result")
    }

    @Test func partsOfALocationShareItsKey() throws {
        for path in ["de/cpo/LOC1", "DE/CPO/LOC1/EVSE1", "DE/CPO/LOC1/EVSE1/2"] {
            #expect(try key(.locations, .receiver, .patch, path) == "DE-CPO|locations|LOC1")
        }
    }

    @Test func ownedObjectsAreNamedByTheirPath() throws {
        #expect(try key(.sessions, .receiver, .put, "DE/CPO/s-1") == "DE-CPO|sessions|S-1")
        #expect(try key(.tariffs, .receiver, .delete, "DE/CPO/T") == "DE-CPO|tariffs|T")
        #expect(try key(.tokens, .receiver, .put, "DE/MSP/04AB") == "DE-MSP|tokens|04AB")
        #expect(try key(.sessions, .sender, .put, "s-1/charging_preferences") == "CH-MSP|sessions|S-1")
        #expect(try key(.chargingprofiles, .receiver, .delete, "s-1") == "CH-MSP|chargingprofiles|S-1")
    }

    @Test func aCreditCDRSharesTheKeyOfTheCDRItTakesBack() throws {
        let cdr = #"{"country_code":"de","party_id":"cpo","id":"C1","session_id":"S1"}"#
        let credit = #"{"country_code":"DE","party_id":"CPO","id":"C2","session_id":"S1","credit_reference_id":"C1","credit":true}"#
        #expect(try key(.cdrs, .receiver, .post, "", body: cdr) == "DE-CPO|cdrs|S1")
        #expect(try key(.cdrs, .receiver, .post, "", body: credit) == "DE-CPO|cdrs|S1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":"C2","credit_reference_id":"C1"}"#) == "CH-MSP|cdrs|C1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":"C2","session_id":""}"#) == "CH-MSP|cdrs|C2")
    }

    @Test func aCreditCDRMayWriteTheIDInAnotherCase() throws {
        let cdr = try key(.cdrs, .receiver, .post, "", body: #"{"country_code":"DE","party_id":"CPO","id":"D1-x"}"#)
        let credit = try key(
            .cdrs, .receiver, .post, "", body: #"{"country_code":"de","party_id":"CPO","id":"D2","credit_reference_id":"d1-X"}"#)
        #expect(cdr == "DE-CPO|cdrs|D1-X" && credit == cdr)
    }

    @Test func commandsAreOrderedByWhatTheyActOn() throws {
        #expect(try key(.commands, .receiver, .post, "STOP_SESSION", body: #"{"session_id":"S"}"#) == "CH-MSP|commands|S")
        let reservation = #"{"reservation_id":"R","location_id":"L"}"#
        #expect(try key(.commands, .receiver, .post, "RESERVE_NOW", body: reservation) == "CH-MSP|commands|R")
        #expect(try key(.commands, .receiver, .post, "CANCEL_RESERVATION", body: reservation) == "CH-MSP|commands|R")
        #expect(try key(.commands, .receiver, .post, "UNLOCK_CONNECTOR", body: reservation) == "CH-MSP|commands|L")
        let start = #"{"token":{"uid":"U"},"location_id":"L"}"#
        #expect(try key(.commands, .receiver, .post, "START_SESSION", body: start) == "CH-MSP|commands|U+L")
    }

    @Test func twoSpellingsHaveOneKey() throws {
        #expect(try key(.sessions, .receiver, .put, "DE/CPO/S%2A1") == key(.sessions, .receiver, .patch, "%64e/cp%4f/s*1"))
        #expect(try key(.sessions, .receiver, .put, "DE/CPO/S%2A1") == "DE-CPO|sessions|S*1")
        #expect(try key(.locations, .receiver, .put, "DE/CPO/A%2FB") == "DE-CPO|locations|A%2FB")
        #expect(try key(.sessions, .receiver, .put, "DE/CPO/a%ffb") == key(.sessions, .receiver, .put, "DE/CPO/A%FF%62"))
        let stop = try key(.commands, .receiver, .post, "STOP_SESSION", body: #"{"session_id":"s*1"}"#)
        #expect(stop == "CH-MSP|commands|S*1")
        #expect(try key(.commands, .receiver, .post, "STOP_SESSION", body: #"{"session_id":"S%2A1"}"#) != stop, "JSON has no such encoding")
    }

    /// All spellings of an id in a path have the same key, which no other id has.
    @Test func anyTwoSpellingsOfAnIDHaveOneKey() throws {
        let tempting = Array("aZ09*-_.~|/?#%+:@&=' ".utf8) + [0x00, 0x0A, 0x7F, 0xC3, 0xA4, 0xFF]
        var ids: [String: [UInt8]] = [:]
        for seed in UInt64(0)..<4000 {
            var random = SeededGenerator(seed: seed)
            let id = (0..<Int.random(in: 1...6, using: &random)).map { _ in random.pick(tempting) }
            let modules: [(ModuleID, InterfaceRole, String, String)] = [
                (.locations, .receiver, "DE/CPO/", "/E1"), (.sessions, .receiver, "DE/CPO/", ""), (.tariffs, .receiver, "DE/CPO/", ""),
                (.tokens, .receiver, "DE/MSP/", ""), (.sessions, .sender, "", "/charging_preferences"),
                (.chargingprofiles, .receiver, "", ""),
            ]
            let (module, interface, before, after) = random.pick(modules)
            let keys = try (0..<2).map { _ in
                try key(module, interface, .put, before + Self.spelling(of: id, &random) + after, body: "{}")
            }
            #expect(keys[0] == keys[1], "seed \(seed): \(id)")
            #expect(keys[0]?.utf8.allSatisfy { 0x21...0x7E ~= $0 } == true, "seed \(seed)")
            // Only another case may share it.
            let folded = id.map { UInt8(ascii: "a")...UInt8(ascii: "z") ~= $0 ? $0 - 0x20 : $0 }
            guard let key = keys[0] else { continue }
            #expect(ids.updateValue(folded, forKey: key) ?? folded == folded, "seed \(seed): \(key) is the key of another id too")
        }
    }

    /// A spelling in a path: any byte may be encoded, those that would end the segment must be, letters have any case.
    private static func spelling(of id: [UInt8], _ random: inout SeededGenerator) -> String {
        id.map { byte -> String in
            let isLetter = UInt8(ascii: "A")...UInt8(ascii: "Z") ~= byte & 0xDF && byte < 0x80
            let byte = isLetter && random.chance(50) ? byte ^ 0x20 : byte
            let mustBeEncoded = !(0x21...0x7E ~= byte) || "/?#%".utf8.contains(byte)
            guard mustBeEncoded || random.chance(40) else { return String(decoding: [byte], as: UTF8.self) }
            let digits = Hex.encode([byte])
            return "%" + (random.chance(50) ? digits.uppercased() : digits)
        }.joined()
    }

    @Test func aCallbackNeverWaitsBehindItsCommand() throws {
        #expect(try key(.commands, .sender, .post, "START_SESSION/t1", isCallback: true) == "CH-MSP|commands-result|t1")
        #expect(try key(.chargingprofiles, .sender, .post, "s/t1", isCallback: true) == "CH-MSP|chargingprofiles-result|t1")
        #expect(try key(.chargingprofiles, .sender, .post, "s/%74%31", isCallback: true) == "CH-MSP|chargingprofiles-result|t1")
    }

    @Test func requestsWithoutAnObjectAreNotOrdered() throws {
        #expect(try key(ModuleID(rawValue: "parking"), .receiver, .post, "a/b/c") == "CH-MSP|parking|r1")
        #expect(try key(.tokens, .sender, .post, "U/authorize") == "CH-MSP|tokens|r1")
        #expect(try key(.cdrs, .receiver, .post, "", body: "not json") == "CH-MSP|cdrs|r1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":7}"#) == "CH-MSP|cdrs|r1")
        #expect(try key(.commands, .receiver, .post, "DANCE", body: "{}") == "CH-MSP|commands|r1")
        #expect(try key(.locations, .receiver, .put, "DE/CPO") == "CH-MSP|locations|r1")
    }
}
