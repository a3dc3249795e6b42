import Directory
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Testing
import Topics

@testable import Delivery
@testable import Outbound

@Suite struct DestinationTests {
    private let own = "0x1111111111111111111111111111111111111111"
    private let other = "0x2222222222222222222222222222222222222222"

    private func network() throws -> Directory {
        let local = try Fixture.platform(
            "p1", ["DE-CPO"], url: "https://cpo.example/ocpi", [(.locations, .sender), (ModuleID(rawValue: "wishes"), .receiver)])
        return Fixture.directory(
            local + [
                .node(NetworkNode(operatorAddress: other, url: "https://node.example", source: "file")),
                .node(NetworkNode(operatorAddress: own, url: "https://hub.example", source: "file")),
                .party(NetworkParty(party: try #require(PartyID("NL-CPO")), roles: ["CPO"], operatorAddress: other, source: "file")),
                .party(NetworkParty(party: try #require(PartyID("DE-LST")), roles: ["CPO"], operatorAddress: own, source: "file")),
                .party(NetworkParty(party: try #require(PartyID("DE-LOS")), roles: ["CPO"], operatorAddress: "0xff", source: "file")),
            ])
    }

    private func destination(_ record: RequestRecord) throws -> RecipientRoute {
        RecipientRoute(of: record, in: try network(), ownOperator: own)
    }

    private func to(_ party: String, _ record: RequestRecord) throws -> RequestRecord {
        var record = record
        record.to = try #require(PartyID(party))
        return record
    }

    @Test func aConnectedPartyIsCalledAtItsEndpoint() throws {
        let record = try request(.locations, .sender, .get, path: "LOC1/EVSE%202", query: "a=1&b=%20")
        guard case .platform(let url, let authorization) = try destination(record) else {
            Issue.record("not local")
            return
        }
        #expect(url == "https://cpo.example/ocpi/sender/locations/LOC1/EVSE%202?a=1&b=%20")
        #expect(authorization == "Token " + Base64.encode(Array("b-p1".utf8)))
    }

    @Test func whatStandsBehindACapabilityReplacesTheEndpoint() throws {
        var record = try request(.locations, .sender, .get, path: "page/x")
        record.target = "https://cpo.example/next?x"
        guard case .platform("https://cpo.example/next?x", _) = try destination(record) else {
            Issue.record("not the target")
            return
        }
    }

    @Test func aModuleThatIsNotImplementedIsRefused() throws {
        guard case .none(let exchangeFailure) = try destination(try request(.cdrs, .receiver, .post)) else {
            Issue.record("found")
            return
        }
        #expect(exchangeFailure.outcome == .refused && exchangeFailure.error.code == .invalidParameters)
        #expect(exchangeFailure.error.message.contains("does not implement the receiver interface of cdrs"))
    }

    @Test(arguments: [
        ("https://cpo.example/l#x", "has a fragment"), ("https://cpo.example/a b", "contains blanks"),
        ("https://cpo.example/a/../b", "has a segment"),
    ]) func anEndpointThatAnOlderVersionTookIsNotCalled(_ url: String, _ defect: String) throws {
        let endpoints = Fact.endpoints(platform: "p1", [Endpoint(module: .locations, interface: .sender, url: url)])
        let directory = Fixture.directory(
            try Fixture.platform("p1", ["DE-CPO"], url: "https://cpo.example", [(.locations, .sender)]) + [endpoints])
        guard case .none(let exchangeFailure) = RecipientRoute(of: try request(.locations, .sender, .get), in: directory, ownOperator: own)
        else {
            Issue.record("called")
            return
        }
        #expect(exchangeFailure.outcome == .refused && exchangeFailure.error.code == .invalidParameters && !exchangeFailure.mayBeDone)
        #expect(exchangeFailure.error.message.contains("for the sender interface of locations \(defect)"))
    }

    /// A party with an endpoint above its credentials must not be called there through an object's id.
    @Test(
        arguments: [
            ("https://cpo.example/ocpi", "credentials", nil, false), ("https://cpo.example/ocpi", "Credentials/x", nil, false),
            ("https://cpo.example/ocpi", "%63redentials", nil, false), ("https://cpo.example", #"ocpi\credentials"#, nil, false),
            ("https://cpo.example", "ocpi%5Ccredentials;a", nil, false), ("https://cpo.example/ocpi", "versions", nil, false),
            ("https://cpo.example/ocpi", "locations/credentials", nil, true), ("https://cpo.example/ocpi", "LOC1", "x=credentials", true),
            ("https://cpo.example/ocpi/locations", "credentials", nil, true),
            ("https://cpo.example/api?m=locations", "", "m=locations", true),
            ("https://cpo.example/api?m=locations", "", "m=hubclientinfo", false), ("https://cpo.example/ocpi", "", nil, true),
            ("https://cpo.example/ocpi", "credentials.json", nil, false), ("https://cpo.example/ocpi", "credentials%20", nil, false),
            ("https://cpo.example/ocpi", "%2563redentials", nil, false), ("https://cpo.example/ocpi", "credentials-1", nil, true),
            ("https://cpo.example/api?m=locations", "", "%20m=hubclientinfo", false),
            ("https://cpo.example/api?m=locations", "", "m[]=x", false), ("https://cpo.example/api?m=locations", "", "x[m]=1", true),
        ] as [(String, String, String?, Bool)]) func noIDLeadsToCredentials(
            _ url: String, _ path: String, _ query: String?, _ isCalled: Bool
        )
        throws
    {
        let endpoints = Fact.endpoints(
            platform: "p1",
            [
                Endpoint(module: .locations, interface: .sender, url: url),
                Endpoint(module: .credentials, interface: .sender, url: "https://cpo.example/ocpi/credentials"),
                Endpoint(module: .hubclientinfo, interface: .receiver, url: "https://cpo.example/api?m=hubclientinfo"),
            ])
        let directory = Fixture.directory(
            try Fixture.platform("p1", ["DE-CPO"], url: "https://cpo.example/ocpi", [(.locations, .sender)]) + [endpoints])
        let record = try request(.locations, .sender, .get, path: path, query: query)
        switch RecipientRoute(of: record, in: directory, ownOperator: own) {
        case .platform: #expect(isCalled)
        case .none(let exchangeFailure):
            #expect(
                !isCalled && exchangeFailure.outcome == .refused && exchangeFailure.error.code == .invalidParameters
                    && exchangeFailure.notDone == .refused)
            #expect(exchangeFailure.error.message.contains("credentials, versions or client infos of DE-CPO"))
        case .node: Issue.record("not a node")
        }
    }

    @Test func aPartyElsewhereIsReachedThroughItsNode() throws {
        guard case .node(let node) = try destination(try to("nl-cpo", try request(.cdrs, .receiver, .post))) else {
            Issue.record("not a node")
            return
        }
        #expect(node.url == "https://node.example")
    }

    @Test(arguments: [
        ("XX-XXX", StatusCode.unknownReceiver, ReplyOutcome.refused), ("DE-LST", .connectionProblem, .unreachable),
        ("DE-LOS", .connectionProblem, .unreachable),  // its node is not listed
    ])
    func whoIsNowhereIsUnknownAndWhoIsRegisteredHereAndNotConnectedCannotBeReached(
        _ party: String, _ status: StatusCode, _ outcome: ReplyOutcome
    ) throws {
        guard case .none(let exchangeFailure) = try destination(try to(party, try request(.cdrs, .receiver, .post))) else {
            Issue.record("found")
            return
        }
        #expect(exchangeFailure.error.code == status && exchangeFailure.outcome == outcome && exchangeFailure.notDone == .hindered)
    }

    @Test(arguments: [PlatformStatus.offline, .planned, .suspended])
    func aPlatformThatIsNotConnectedIsNotCalled(_ status: PlatformStatus) throws {
        let directory = Fixture.directory(
            try Fixture.platform("p1", ["DE-CPO"], url: "https://cpo.example", [(.locations, .sender)], status: status))
        var record = try request(.locations, .sender, .get)
        for target in [nil, "https://cpo.example/next"] {
            record.target = target
            guard case .none(let exchangeFailure) = RecipientRoute(of: record, in: directory, ownOperator: own) else {
                Issue.record("called")
                return
            }
            #expect(
                exchangeFailure.error.code == .connectionProblem && exchangeFailure.outcome == .unreachable
                    && exchangeFailure.notDone == .hindered)
            #expect(exchangeFailure.error.message == "DE-CPO is \(status.rawValue): it is not called")
        }
    }
}

@Suite struct OutboundRequestBuilderTests {
    @Test func aPartySeesTheRoutingHeadersAndANewRequestID() throws {
        var record = try request(.cdrs, .receiver, .post, body: "{}")
        record.from = try #require(PartyID("de-Msp"))
        record.signature = "signature"
        record.trace = TraceContext(traceparent: "00-1", tracestate: "x=1")
        let call = OutboundRequestBuilder.call(record, url: "https://cpo/cdrs", authorization: "Token dA==")
        let headers = call.headers
        #expect(headers["Authorization"] == ["Token dA=="])
        #expect(headers["X-Correlation-ID"] == ["correlation-1"])
        #expect(headers["OCPI-from-country-code"] == ["de"] && headers["OCPI-from-party-id"] == ["Msp"])
        #expect(headers["OCPI-to-country-code"] == ["DE"] && headers["OCPI-to-party-id"] == ["CPO"])
        #expect(headers["OCN-Signature"] == ["signature"])
        #expect(headers["Content-Type"] == ["application/json"])
        #expect(headers["traceparent"] == ["00-1"] && headers["tracestate"] == ["x=1"])
        #expect(headers["X-Request-ID"].count == 1 && headers["X-Request-ID"] != ["request-1"])
        #expect(
            OutboundRequestBuilder.call(record, url: "https://cpo/cdrs", authorization: "").headers["X-Request-ID"]
                != headers["X-Request-ID"])
        #expect(call.body == ByteBuffer(string: "{}"))
    }

    private func message(
        _ record: RequestRecord, proxy: OutboundRequestBuilder.Proxy? = nil, verbatim: Bool = false
    ) throws -> OutboundRequest {
        try OutboundRequestBuilder.message(
            record, to: NetworkNode(operatorAddress: "0x2", url: "https://node/", isVerbatim: verbatim, source: "file"), proxy: proxy,
            key: try #require(Fixture.key))
    }

    @Test func aNodeGetsASignedMessage() throws {
        let sent = try message(try request(.cdrs, .receiver, .post, body: #"{"a":1}"#))
        #expect(sent.url == "https://node/ocn/message" && sent.method == .post)
        let body = try #require(sent.body)
        #expect(
            String(buffer: body)
                == #"{"module":"CDRS","interface_role":"RECEIVER","method":"POST","headers":{"Authorization":"","X-Request-ID":"request-1","#
                + #""X-Correlation-ID":"correlation-1","sender":{"party_id":"MSP","country_code":"DE"},"#
                + #""receiver":{"party_id":"CPO","country_code":"DE"}},"body":{"a":1}}"#)
        let signature = try #require(sent.headers.first(name: "OCN-Signature"))
        #expect(NodeSignature.signer(of: body, signature: signature) == Fixture.key?.address)
        #expect(sent.headers.first(name: "X-Request-ID") != "request-1")
        #expect(sent.headers["OCPI-to-party-id"].isEmpty && sent.headers["Authorization"].isEmpty)
    }

    @Test func queryParametersBecomeAnObject() throws {
        func text(_ record: RequestRecord) throws -> String { String(buffer: try #require(try message(record).body)) }
        let query = "offset=10&date_from=2026-01-01T00%3A00%3A00Z&x=007&y=a+b&empty&big=9223372036854775808"
        #expect(
            try text(try request(.locations, .sender, .get, query: query)).contains(
                #""query_params":{"offset":10,"date_from":"2026-01-01T00:00:00Z","x":"007","y":"a b","empty":"","big":"9223372036854775808"}"#
            ))
        #expect(try text(try request(.locations, .sender, .get)).contains(#""query_params":{}"#))
        #expect(try !text(try request(.tokens, .receiver, .get, path: "a/b/c")).contains("query_params"))
        #expect(try !text(try request(.locations, .sender, .get, query: "a|b")).contains("query_text"), "no member of the reference's")
        let kept = try #require(try message(try request(.locations, .sender, .get, query: "?flag&x=%7c"), verbatim: true).body)
        #expect(String(buffer: kept).contains(#""query_params":{"?flag":"","x":"|"},"query_text":"?flag&x=%7c""#))
    }

    @Test func whatACustomModuleIsSentGoesToANodeOfOursWithItsContentType() throws {
        var record = try request(ModuleID(rawValue: "parking"), .receiver, .post, path: "a", body: "text")
        record.contentType = "text/plain"
        let told = String(buffer: try #require(try message(record, verbatim: true).body))
        #expect(told.hasSuffix(#""content_type":"text/plain","body":"text"}"#))
        #expect(String(buffer: try #require(try message(record).body)).hasSuffix(#""custom_module_id":"parking","body":"text"}"#))
        record.contentEncoding = "gzip"
        #expect(String(buffer: try #require(try message(record, verbatim: true).body)).contains(#""content_encoding":"gzip""#))
        #expect(throws: JSONError.self) { try message(record) }
        var cdr = try request(.cdrs, .receiver, .post, body: "{}")
        cdr.contentType = "application/json; charset=utf-8"
        #expect(try message(cdr, verbatim: true).body == message(cdr).body, "what everybody knows is not told")
    }

    @Test func aCopyKeepsItsIDThroughEveryNode() throws {
        var record = try request(.cdrs, .receiver, .post, body: "{}")
        #expect(try message(record).headers["OCN-Copy-ID"].isEmpty)
        record.copyID = "copy-1"
        #expect(try message(record).headers["OCN-Copy-ID"] == ["copy-1"])
        #expect(OutboundRequestBuilder.call(record, url: "https://a/b", authorization: "Token x").headers["OCN-Copy-ID"] == ["copy-1"])
    }

    @Test func whatStandsBehindAURLGoesAlong() throws {
        let sent = try message(
            try request(.commands, .receiver, .post, path: "STOP_SESSION", body: "{}"),
            proxy: OutboundRequestBuilder.Proxy(uid: "id", resource: "https://a/b"))
        let body = String(buffer: try #require(sent.body))
        #expect(body.contains(#""url_path":"STOP_SESSION","proxy_uid":"id","proxy_resource":"https://a/b","body":{}"#))
    }

    @Test func aBodyThatIsNoJSONCannotGoToANode() throws {
        #expect(throws: JSONError.self) { try message(try request(.cdrs, .receiver, .post, body: "{")) }
    }

    @Test func percentEncodingIsUndoneWhereItIsOne() {
        #expect(PercentText.decoded("a%20b%2") == "a b%2")
        #expect(PercentText.decoded("%zz") == "%zz")
        #expect(PercentText.decoded("%ff") == "%ff")
        #expect(PercentText.decoded("%C3%A9") == "é")
        #expect(PercentText.decoded("") == "")
        #expect(PercentText.decoded("a+b%2B", plusIsSpace: false) == "a+b+")
    }

    @Test func encodedTextIsReadAgainAsItWas() {
        #expect(PercentText.encoded("https://a/b?c=d&e é+~") == "https%3A%2F%2Fa%2Fb%3Fc%3Dd%26e%20%C3%A9%2B~")
        for byte in UInt8(0)..<0x80 {
            let text = String(decoding: [byte, byte], as: UTF8.self)
            #expect(PercentText.decoded(PercentText.encoded(text)) == text)
        }
    }
}
