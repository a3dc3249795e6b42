import NIOCore
import OCPI
import Testing

@Suite struct DecisiveMembersTests {
    private func route(_ module: ModuleID, _ interface: InterfaceRole = .receiver, isCustom: Bool = false) -> ModuleRoute {
        ModuleRoute(version: .v2_2_1, module: module, interface: interface, remainder: "x", isCustom: isCustom)
    }

    @Test(
        arguments: [
            (.commands, #"{"response_url":"https://a.example","response_url":"https://b.example"}"#, "response_url"),
            (.commands, #"{"response_url":"https://a.example","response\u005furl":"https://b.example"}"#, "response_url"),
            (.commands, #"{"response_url":"https://a.example","session_id":"1","session_id":"2"}"#, "session_id"),
            (.commands, #"{"token":{"uid":"1","uid":"2"},"location_id":"1"}"#, "token.uid"),
            (.commands, #"{"expiry_date":null,"expiry_date":null}"#, "expiry_date"),
            (.chargingprofiles, #"{"response_url":"https://a.example","response_url":"https://a.example"}"#, "response_url"),
            (.cdrs, #"{"cdr_token":{},"id":"1","cdr_token":{"party_id":"MSP"}}"#, "cdr_token"),
            (.cdrs, #"{"id":"1","party_id":"CPO","id":"2"}"#, "id"),
            (.sessions, #"{"cdr_token":{"party_id":"MSP","party_id":"XXX"}}"#, "cdr_token.party_id"),
            (.locations, #"{"party_id":"CPO","party_id":"XXX"}"#, "party_id"),
            (.tariffs, #"{"country_code":"DE","country_code":"NL"}"#, "country_code"),
            (.tokens, #"{"country_code":"DE","country_code":"DE"}"#, "country_code"),
            (.tokens, #"{"uid":"T1","type":"RFID","type":"APP_USER"}"#, "type"),
        ] as [(ModuleID, String, String)]) func aMemberThatDecidesStandsOnce(_ module: ModuleID, _ body: String, _ name: String)
    {
        let error = #expect(throws: OCPIError.self) { try DecisiveMembers.check(ByteBuffer(string: body), route(module)) }
        #expect(error?.code == .invalidParameters && error?.kind == .plain && error?.message.hasPrefix(name + " stands twice") == true)
    }

    @Test(arguments: ["type=RFID&type=APP_USER", "type=RFID&x=1&%74ype=RFID", "type&type=RFID", "type=&type"])
    func theTypeOfATokenStandsOnce(_ query: String) throws {
        for interface in [InterfaceRole.sender, .receiver] {
            let error = #expect(throws: OCPIError.self) { try DecisiveMembers.check(query: query, route(.tokens, interface)) }
            #expect(error?.code == .invalidParameters && error?.message.contains("type stands twice") == true)
        }
        try DecisiveMembers.check(query: query, route(.locations))
        try DecisiveMembers.check(query: query, route(.tokens, isCustom: true))
        try DecisiveMembers.check(
            query: query, ModuleRoute(version: .v2_2_1, module: .tokens, interface: .sender, remainder: ""))
    }

    @Test func oneTypeOrNoneIsFine() throws {
        for query in [nil, "", "type=RFID", "Type=A&type=RFID", "x=1&x=2", "type%3D=1&type=2"] {
            try DecisiveMembers.check(query: query, route(.tokens))
        }
    }

    @Test func otherRepeatedMembersAreLeftToTheRecipient() throws {
        let body = ByteBuffer(string: #"{"name":"a","name":"b","evses":[{"party_id":"1","party_id":"2"}],"party_id":"CPO"}"#)
        try DecisiveMembers.check(body, route(.locations))
        let owner = ByteBuffer(string: #"{"party_id":"CPO","party_id":"CPO"}"#)
        try DecisiveMembers.check(owner, route(ModuleID(rawValue: "parking"), isCustom: true))
        try DecisiveMembers.check(owner, route(.commands, .sender))
        for text in ["[]", "1", #""party_id""#, "null"] { try DecisiveMembers.check(ByteBuffer(string: text), route(.locations)) }
    }
}

@Suite struct AnswerStatusTests {
    @Test(
        arguments: [
            (#"{"status_code":1000}"#, .code(1000)), (#"{"data":{"status_code":2001,"status_code":1},"status_code":1000}"#, .code(1000)),
            (#"{"status_code":1000,"status_code":2001}"#, .ambiguous), (#"{"status_code":1000,"status\u005fcode":1000}"#, .ambiguous),
            (#"{"status_code":"1000"}"#, .code(1000)), (#"{"status_code":1000.0}"#, .code(1000)), (#"{"status_code":1e3}"#, .code(1000)),
            (#"{"status_code":1000.5}"#, .absent), (#"{"status_code":"1000.0"}"#, .absent), (#"{"status_code":""}"#, .absent),
            (#"{"status_code":"10000"}"#, .absent), (#"{"status_code":1e999}"#, .absent), (#"{"status_code":[1000]}"#, .absent),
            ("\u{FEFF}" + #"{"status_code":1000}"#, .code(1000)),
            (#"{"status_code":1000.\#(String(repeating: "0", count: 64))}"#, .absent),
            (#"{"status_code":1000"#, .absent), (#"{"status_code":1000} x"#, .absent), (#"{"status_code":null}"#, .absent),
            ("{}", .absent), ("[]", .absent), ("", .absent), ("<html>", .absent),
        ] as [(String, AnswerStatus)]) func anAnswerHasOneStatus(_ body: String, _ expected: AnswerStatus)
    {
        #expect(AnswerStatus(ByteBuffer(string: body)) == expected)
    }

    @Test func textInAnotherEncodingDoesNotHideTheStatus() {
        let latin = Array(#"{"status_message":"gr"#.utf8) + [0xFC] + Array(#"n","status_code":1000"#.utf8)
        #expect(AnswerStatus(ByteBuffer(bytes: latin + Array("}".utf8))) == .code(1000))
        #expect(AnswerStatus(ByteBuffer(bytes: latin + Array(#","status_code":1}"#.utf8))) == .ambiguous)
    }
}
