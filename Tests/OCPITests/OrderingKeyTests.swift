import NIOCore
import OCPI
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
    }

    @Test func partsOfALocationShareItsKey() throws {
        for path in ["de/cpo/LOC1", "DE/CPO/LOC1/EVSE1", "DE/CPO/LOC1/EVSE1/2"] {
            #expect(try key(.locations, .receiver, .patch, path) == "DE-CPO|locations|LOC1")
        }
    }

    @Test func ownedObjectsAreNamedByTheirPath() throws {
        #expect(try key(.sessions, .receiver, .put, "DE/CPO/s-1") == "DE-CPO|sessions|s-1")
        #expect(try key(.tariffs, .receiver, .delete, "DE/CPO/T") == "DE-CPO|tariffs|T")
        #expect(try key(.tokens, .receiver, .put, "DE/MSP/04AB") == "DE-MSP|tokens|04AB")
        #expect(try key(.sessions, .sender, .put, "s-1/charging_preferences") == "CH-MSP|sessions|s-1")
        #expect(try key(.chargingprofiles, .receiver, .delete, "s-1") == "CH-MSP|chargingprofiles|s-1")
    }

    @Test func aCreditCDRSharesTheKeyOfTheCDRItTakesBack() throws {
        let cdr = #"{"country_code":"de","party_id":"cpo","id":"C1","session_id":"S1"}"#
        let credit = #"{"country_code":"DE","party_id":"CPO","id":"C2","session_id":"S1","credit_reference_id":"C1","credit":true}"#
        #expect(try key(.cdrs, .receiver, .post, "", body: cdr) == "DE-CPO|cdrs|S1")
        #expect(try key(.cdrs, .receiver, .post, "", body: credit) == "DE-CPO|cdrs|S1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":"C2","credit_reference_id":"C1"}"#) == "CH-MSP|cdrs|C1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":"C2","session_id":""}"#) == "CH-MSP|cdrs|C2")
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

    @Test func aCallbackNeverWaitsBehindItsCommand() throws {
        #expect(try key(.commands, .sender, .post, "START_SESSION/t1", isCallback: true) == "CH-MSP|commands-result|t1")
        #expect(try key(.chargingprofiles, .sender, .post, "s/t1", isCallback: true) == "CH-MSP|chargingprofiles-result|t1")
    }

    @Test func whatNamesNoObjectIsOrderedWithNothing() throws {
        #expect(try key(ModuleID(rawValue: "parking"), .receiver, .post, "a/b/c") == "CH-MSP|parking|r1")
        #expect(try key(.tokens, .sender, .post, "U/authorize") == "CH-MSP|tokens|r1")
        #expect(try key(.cdrs, .receiver, .post, "", body: "not json") == "CH-MSP|cdrs|r1")
        #expect(try key(.cdrs, .receiver, .post, "", body: #"{"id":7}"#) == "CH-MSP|cdrs|r1")
        #expect(try key(.commands, .receiver, .post, "DANCE", body: "{}") == "CH-MSP|commands|r1")
        #expect(try key(.locations, .receiver, .put, "DE/CPO") == "CH-MSP|locations|r1")
    }
}
