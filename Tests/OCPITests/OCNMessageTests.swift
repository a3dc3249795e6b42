import Encoding
import NIOCore
import OCPI
import Support
import Testing

@Suite struct OCNMessageTests {
    static let example =
        #"{"module":"LOCATIONS","interface_role":"SENDER","method":"GET","headers":{"Authorization":"","X-Request-ID":"a1","#
        + #""X-Correlation-ID":"b2","sender":{"party_id":"MSP","country_code":"DE"},"receiver":{"party_id":"CPB","country_code":"CH"}},"#
        + #""url_path":"LOC1"}"#

    private func parties() throws -> (PartyID, PartyID) { (try #require(PartyID("DE-MSP")), try #require(PartyID("CH-CPB"))) }

    private func decode(_ text: String) throws -> OCNMessage { try OCNMessage.decode(ByteBuffer(string: text)) }

    @Test func writesTheBytesOfTheReferenceNode() throws {
        let (sender, receiver) = try parties()
        let message = OCNMessage(
            module: .locations, interface: .sender, method: .get, requestID: "a1", correlationID: "b2", sender: sender, receiver: receiver,
            urlPath: "LOC1")
        #expect(String(buffer: try message.encoded()) == Self.example)
    }

    @Test func writesAllMembersInOrderWithJavasNumbers() throws {
        let (sender, receiver) = try parties()
        let message = OCNMessage(
            module: .commands, interface: .receiver, method: .post, signature: "sig/+=", requestID: "a", correlationID: "b", sender: sender,
            receiver: receiver, urlPath: "/START_SESSION", query: ["limit": 10, "f": .number("1.50"), "n": .null], proxyUID: "u",
            proxyResource: "https://x/y", body: ByteBuffer(string: #"{ "b" : 1.10, "a" : [1e3, null, "ä/\u0041"] }"#))
        let text = String(buffer: try message.encoded())
        #expect(
            text
                == #"{"module":"COMMANDS","interface_role":"RECEIVER","method":"POST","headers":{"Authorization":"","#
                + #""OCN-Signature":"sig/+=","#
                + #""X-Request-ID":"a","X-Correlation-ID":"b","sender":{"party_id":"MSP","country_code":"DE"},"#
                + #""receiver":{"party_id":"CPB","country_code":"CH"}},"url_path":"/START_SESSION","#
                + #""query_params":{"limit":10,"f":1.5,"n":null},"#
                + #""proxy_uid":"u","proxy_resource":"https://x/y","body":{"b":1.1,"a":[1000.0,null,"ä/A"]}}"#)
        #expect(String(buffer: try OCNMessage.canonical(ByteBuffer(string: text))) == text)
    }

    @Test func customModulesCarryTheirBodyAsText() throws {
        let (sender, receiver) = try parties()
        var message = OCNMessage(
            module: ModuleID(rawValue: "parking"), isCustom: true, interface: .sender, method: .post, requestID: "a", correlationID: "b",
            sender: sender, receiver: receiver, query: .object([]), body: ByteBuffer(string: "simple \"string\" 1.10"))
        let encoded = try message.encoded()
        #expect(
            String(buffer: encoded).hasSuffix(
                #""query_params":{},"custom_module_id":"parking","body":"simple \"string\" 1.10"}"#))
        let decoded = try OCNMessage.decode(encoded)
        #expect(decoded.isCustom && decoded.module.rawValue == "parking")
        #expect(decoded.body.map { String(buffer: $0) } == "simple \"string\" 1.10")
        #expect(decoded.query == .object([]))
        message.body = ByteBuffer(bytes: [0xFF])
        #expect(throws: JSONError.self) { try message.encoded() }
    }

    /// Reference nodes would drop these members, and the signature would not match without them.
    @Test func aVerbatimNodeGetsTypeAndEncodingOfACustomBody() throws {
        let (sender, receiver) = try parties()
        func travelled(_ bytes: [UInt8], _ type: String?, _ coding: String?) throws -> (text: String, message: OCNMessage) {
            let message = OCNMessage(
                module: ModuleID(rawValue: "parking"), isCustom: true, interface: .sender, method: .post, requestID: "a",
                correlationID: "b",
                sender: sender, receiver: receiver, contentType: type, contentEncoding: coding, body: ByteBuffer(bytes: bytes))
            let encoded = try message.encoded(verbatim: true)
            return (String(buffer: encoded), try OCNMessage.decode(encoded))
        }
        let (text, plain) = try travelled(Array("simple".utf8), "text/plain", nil)
        #expect(text.hasSuffix(#""custom_module_id":"parking","content_type":"text/plain","body":"simple"}"#))
        #expect(plain.contentType == "text/plain" && plain.contentEncoding == nil && plain.body == ByteBuffer(string: "simple"))
        let (coded, decoded) = try travelled([0x1F, 0x8B, 0xFF], "text/plain", "gzip")
        #expect(coded.hasSuffix(#""content_type":"text/plain","content_encoding":"gzip","body":{"base64":"H4v/"}}"#))
        #expect(decoded.contentEncoding == "gzip" && decoded.body == ByteBuffer(bytes: [0x1F, 0x8B, 0xFF]))
        #expect(try travelled([0xFF], nil, nil).message.body == ByteBuffer(bytes: [0xFF]))
        #expect(try OCNMessage.canonical(ByteBuffer(string: coded)) == ByteBuffer(string: coded))
        let body = #"{"base64":"H4v/"}"#
        for wrong in [
            #"{"base64":"H4v"}"#, #"{"base64":"H4v/ "}"#, #"{"base64":"?"}"#, #"{"base64":7}"#, #"{"base64":null}"#, "{}", "7", "true",
            #"{"base64":"H4v/","base64":"H4v/"}"#, #"{"base64":"H4v/","x":null}"#, #"{"Base64":"H4v/"}"#, #"["H4v/"]"#,
        ] { #expect(throws: OCPIError.self, "\(wrong)") { try decode(coded.replacing(body, with: wrong)) } }
        for name in ["content_type", "content_encoding"] {
            #expect(throws: OCPIError.self, "\(name)") { try decode(Self.example.dropLast() + #","\#(name)":"AA=="}"#) }
        }
    }

    /// An earlier version of this program reads only `body`, refuses a custom module's body that is no string, and drops unknown members.
    @Test func earlierVersionsRefuseABodyThatIsNoText() throws {
        let (sender, receiver) = try parties()
        for (bytes, coding) in [([0xFF], nil), (Array("text".utf8), "gzip"), ([], "gzip")] as [([UInt8], String?)] {
            let message = OCNMessage(
                module: ModuleID(rawValue: "parking"), isCustom: true, interface: .sender, method: .post, requestID: "a",
                correlationID: "b", sender: sender, receiver: receiver, contentEncoding: coding, body: ByteBuffer(bytes: bytes))
            let written = try JSONValue.parse(message.encoded(verbatim: true))
            let coded: JSONValue = ["base64": .string(Base64.encode(bytes))]
            #expect(written["body"] == coded, "\(bytes)")
        }
        let body = #"{"base64":"AA=="}"#
        let json = OCNMessage(
            module: .cdrs, interface: .receiver, method: .post, requestID: "a", correlationID: "b", sender: sender, receiver: receiver,
            body: ByteBuffer(string: body))
        #expect(try OCNMessage.decode(json.encoded(verbatim: true)).body == ByteBuffer(string: body), "elsewhere it is what it says")
    }

    @Test func aBodyThatIsNotJSONCannotBeSent() throws {
        let (sender, receiver) = try parties()
        let message = OCNMessage(
            module: .cdrs, interface: .receiver, method: .post, requestID: "a", correlationID: "b", sender: sender, receiver: receiver,
            body: ByteBuffer(string: "{"))
        #expect(throws: JSONError.self) { try message.encoded() }
    }

    @Test func readsTheReferencesMessagesAndIgnoresUnknownMembers() throws {
        let message = try decode(
            #" {"extra":1,"module":"TOKENS","interface_role":"RECEIVER","method":"PUT","headers":{"Authorization":"","OCN-Signature":"s","#
                + #""X-Request-ID":"a1","X-Correlation-ID":"b2","sender":{"party_id":"msp","country_code":"De","x":1},"#
                + #""receiver":{"party_id":"CPB","country_code":"CH"},"OCN-Verification-Status":"NOT_PRESENTED"},"url_path":null,"#
                + #""query_params":{"type":"RFID"},"proxy_uid":null,"proxy_resource":"https://x","body": {"a" : 1.10} }"#)
        #expect(message.module == .tokens && !message.isCustom)
        #expect(message.interface == .receiver && message.method == .put)
        #expect(message.signature == "s" && message.requestID == "a1" && message.correlationID == "b2")
        #expect(message.sender.description == "De-msp" && message.receiver.description == "CH-CPB")
        #expect(message.urlPath == nil && message.proxyUID == nil && message.proxyResource == "https://x")
        #expect(message.query?["type"] == "RFID")
        #expect(message.body.map { String(buffer: $0) } == #"{"a" : 1.10}"#)
    }

    @Test func theSenderIsFoundAmongAnyMembers() throws {
        let (sender, _) = try parties()
        for text in [
            Self.example,
            #" {"body":[[0],[0]],"module":7,"headers":{"x":{"sender":1},"sender": {"x":[{}],"party_id":"MSP","country_code":"DE"}}} "#,
        ] { #expect(try OCNMessage.sender(in: ByteBuffer(string: text)) == sender) }
        let long = String(repeating: "0", count: 16 * 1024)
        for (text, words) in [
            ("", "not valid JSON"), (Self.example + "x", "not valid JSON"), ("[]", "sender is missing"), ("{}", "sender is missing"),
            (#"{"headers":[]}"#, "sender is missing"), (#"{"headers":{"sender":null}}"#, "sender is not a country code"),
            (#"{"headers":{"sender":{"party_id":"MSP"}}}"#, "sender is not a country code"),
            (#"{"headers":{"sender":{"party_id":"MSP","country_code":"DE","country_code":"DE"}}}"#, "sender is not a country code"),
            (#"{"headers":{"sender":{},"sender":{}}}"#, "occurs twice"), (#"{"headers":{"sender":{}},"headers":{}}"#, "occurs twice"),
            (#"{"headers":{"sender":{"party_id":"MSP","country_code":"DE","x":"\#(long)"}}}"#, "sender is longer"),
        ] as [(String, String)] {
            let error = #expect(throws: OCPIError.self) { try OCNMessage.sender(in: ByteBuffer(string: text)) }
            #expect(error?.code == .invalidParameters && error?.message.contains(words) == true, "\(words): \(text.prefix(80))")
        }
    }

    @Test func theBodyIsFoundBehindTheReaderIndex() throws {
        var buffer = ByteBuffer(string: "xyz" + Self.example.dropLast() + #","body":[1]}"#)
        buffer.moveReaderIndex(forwardBy: 3)
        #expect(try OCNMessage.decode(buffer).body.map { String(buffer: $0) } == "[1]")
    }

    @Test(arguments: [
        ("", ""), ("{", "[{"), (#""module":"LOCATIONS","#, ""), ("LOCATIONS", "PLACES"), ("LOCATIONS", "locations"),
        ("LOCATIONS", "CUSTOM"),
        (#""url_path""#, #""custom_module_id":"x","url_path""#), (#""SENDER""#, #""sender""#), ("GET", "TRACE"), ("GET", "get"),
        (#""headers":"#, #""header":"#), (#""X-Request-ID":"a1","#, ""), (#""X-Correlation-ID":"b2","#, ""), (#""a1""#, "1"),
        (#""a1""#, #""a\r\nX: y""#), (#""b2""#, "null"), (#""MSP""#, #""MS""#), (#""MSP""#, #""M*P""#), (#""DE""#, #""DEU""#),
        (#""DE""#, "null"),
        (#""receiver":"#, #""x":"#), (#""LOC1""#, "1"), (#""LOC1""#, #""../credentials""#), (#""LOC1""#, #""a/%2e%2e/b""#),
        (#""url_path""#, #""query_params":[],"url_path""#), (#""url_path""#, #""query_params":{"a":[1]},"url_path""#),
        (#""url_path""#, #""module":"CDRS","url_path""#), (#""url_path""#, #""proxy_resource":{},"url_path""#),
        (#""LOCATIONS""#, #""CUSTOM","custom_module_id":"cdrs""#), (#""LOCATIONS""#, #""CUSTOM","custom_module_id":"""#),
        (#""LOCATIONS""#, #""CUSTOM","custom_module_id":"x","body":{}"#),
    ]) func refusesEverythingElseWith2001(old: String, new: String) throws {
        var text = Self.example
        if let range = text.firstRange(of: old), !old.isEmpty { text.replaceSubrange(range, with: new) } else { text = new }
        let error = #expect(throws: OCPIError.self) { try decode(text) }
        #expect(error?.code == .invalidParameters)
    }

    @Test func canonicalSortsLikeJacksonAndKeepsAddedMembers() throws {
        let shuffled =
            #"{"url_path":"LOC1", "body": {"z":1.0e1,"a":null,"z":2},"proxy_uid":null,"headers":{"receiver":{"country_code":"CH","#
            + #""party_id":"CPB","x":1.0},"X-Correlation-ID":"b2","new":null,"X-Request-ID":"a1","Authorization":"","#
            + #""sender":{"party_id":"MSP","country_code":"DE"}},"method":"GET","interface_role":"SENDER","#
            + #""module":"LOCATIONS","added":true}"#
        #expect(
            String(buffer: try OCNMessage.canonical(ByteBuffer(string: shuffled)))
                == #"{"module":"LOCATIONS","interface_role":"SENDER","method":"GET","headers":{"Authorization":"","X-Request-ID":"a1","#
                + #""X-Correlation-ID":"b2","sender":{"party_id":"MSP","country_code":"DE"},"#
                + #""receiver":{"party_id":"CPB","country_code":"CH","#
                + #""x":1.0}},"url_path":"LOC1","body":{"z":10.0,"a":null,"z":2},"added":true}"#)
    }

    @Test(arguments: [
        ("0", "0"), ("-0", "0"), ("12345678901234567890123", "12345678901234567890123"), ("-7", "-7"), ("1.10", "1.1"), ("1e3", "1000.0"),
        ("100000000.0", "1.0E8"), ("0.00001", "1.0E-5"), ("1E-05", "1.0E-5"), ("0.001", "0.001"), ("0.000999", "9.99E-4"),
        ("9999999.0", "9999999.0"),
        ("10000000.0", "1.0E7"), ("12345678.9", "1.23456789E7"), ("0.0", "0.0"), ("-0.0", "-0.0"), ("0e5", "0.0"), ("-2.50", "-2.5"),
        ("1.0", "1.0"),
        ("123456.789", "123456.789"), ("1e21", "1.0E21"), ("1.7976931348623157e308", "1.7976931348623157E308"), ("1e999", "\"Infinity\""),
        ("-1e999", "\"-Infinity\""), ("1e-999", "0.0"), ("0.1e1", "1.0"), ("0.30000000000000004", "0.30000000000000004"), ("5e-3", "0.005"),
        ("120.0", "120.0"), ("1234567.0", "1234567.0"), ("2.2250738585072014E-308", "2.2250738585072014E-308"),
    ]) func numbersAreThoseOfJava(text: String, java: String) throws {
        #expect(String(buffer: try OCNMessage.canonical(ByteBuffer(string: #"{"body":\#(text)}"#))) == #"{"body":\#(java)}"#)
    }

    @Test func numbersKeepTheirValueAndSettleAfterOneRound() throws {
        for seed in UInt64(0)..<5000 {
            var random = SeededGenerator(seed: seed)
            let value = random.chance(50) ? Double(bitPattern: random.next()) : Double.random(in: -1e9...1e9, using: &random)
            guard value.isFinite else { continue }
            let once = try OCNMessage.canonical(ByteBuffer(string: "[\(value)]"))
            #expect(try JSONValue.parse(once).array?.first?.double == value, "seed \(seed)")
            #expect(try OCNMessage.canonical(once) == once, "seed \(seed)")
        }
    }

    @Test func messagesRoundTripAndDamagedOnesNeverTrap() throws {
        let (sender, receiver) = try parties()
        for seed in UInt64(0)..<1500 {
            var random = SeededGenerator(seed: seed)
            let isCustom = random.chance(20)
            let message = OCNMessage(
                module: isCustom ? ModuleID(rawValue: "parking") : random.pick(ModuleTable.functional), isCustom: isCustom,
                interface: random.pick(InterfaceRole.allCases), method: random.pick([.get, .put, .post, .patch, .delete]),
                signature: random.chance(50) ? "s\"ä" : nil, requestID: "r\(seed)", correlationID: "c", sender: sender, receiver: receiver,
                urlPath: random.chance(50) ? "DE/CPO/ä 1" : nil, query: random.chance(50) ? ["a": 1, "b": "x&y"] : nil,
                proxyUID: random.chance(50) ? "uid" : nil, proxyResource: random.chance(50) ? "https://x/y?z=1" : nil,
                body: random.chance(70) ? ByteBuffer(string: #"{"id":"\#(seed)","x":[1.5,null]}"#) : nil)
            var bytes = try message.encoded()
            let read = try OCNMessage.decode(bytes)
            #expect(read.module == message.module && read.isCustom == isCustom && read.interface == message.interface, "seed \(seed)")
            #expect(
                read.method == message.method && read.signature == message.signature && read.requestID == message.requestID, "seed \(seed)")
            #expect(read.urlPath == message.urlPath && read.query == message.query && read.body == message.body, "seed \(seed)")
            #expect(read.proxyUID == message.proxyUID && read.proxyResource == message.proxyResource, "seed \(seed)")
            #expect(try read.encoded() == bytes && OCNMessage.canonical(bytes) == bytes, "seed \(seed)")
            for _ in 0..<4 {
                bytes.setInteger(random.bytes(1)[0], at: Int.random(in: 0..<bytes.readableBytes, using: &random))
                do { _ = try OCNMessage.decode(bytes) } catch { #expect(error.code == .invalidParameters, "seed \(seed)") }
                _ = try? OCNMessage.canonical(bytes)
            }
        }
    }
}
