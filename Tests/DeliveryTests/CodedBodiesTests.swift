import Credentials
import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery
@testable import Outbound

/// Parties whose servers compress every answer, whatever the request accepts.
@Suite(.serialized, .timeLimit(.minutes(2))) struct CodedBodiesTests {
    private static let success = #"{"status_code":1000,"data":[]}"#

    private static func gzip(_ text: String) -> [UInt8] { Gzip.compress(Array(text.utf8)) ?? [] }

    private static func answer(_ text: String, _ fields: [(String, String)] = [], coding: String = "gzip") -> ServerAnswer {
        .bytes(200, fields + [("Content-Encoding", coding)], gzip(text))
    }

    // MARK: One answer

    private func response(_ coding: String, _ body: [UInt8]) -> OutboundResponse {
        OutboundResponse(status: 200, headers: ["Content-Encoding": coding], body: ByteBuffer(bytes: body))
    }

    @Test(arguments: ["gzip", "GZIP", "x-gzip", "identity, gzip"]) func aCodedAnswerIsDecoded(_ coding: String) throws {
        let plain = try response(coding, Self.gzip(Self.success)).decoded(upTo: 1000)
        #expect(String(buffer: plain.body) == Self.success && plain.headers["Content-Encoding"].isEmpty)
    }

    @Test func whatIsNotCodedStaysAsItIs() throws {
        #expect(try response("identity", [1, 2]).decoded(upTo: 1).body == ByteBuffer(bytes: [1, 2]))
        #expect(try response("gzip", []).decoded(upTo: 1).body.readableBytes == 0)
        #expect(try OutboundResponse(status: 200, body: ByteBuffer(bytes: [1])).decoded(upTo: 0).body.readableBytes == 1)
    }

    @Test(arguments: ["br", "zstd", "gzip, gzip", "made-up", "deflate"]) func whatCannotBeUndoneIsSaid(_ coding: String) {
        let answer = response(coding, Self.gzip(Self.success))
        let error = #expect(throws: UnreadableCoding.self) { try answer.decoded(upTo: 1000) }
        #expect(error?.description.contains("coding") == true && error?.description.contains("made-up") == false)
        #expect(answer.statusCode == nil)
    }

    @Test func aBombIsNotDecoded() {
        let error = #expect(throws: UnreadableCoding.self) {
            try response("gzip", Self.gzip(String(repeating: "x", count: 10_000_000))).decoded(upTo: 4096)
        }
        #expect(error?.description.contains("4096") == true)
    }

    // MARK: Exchange

    @Test func anExchangePassesTheCodingThroughAndCountsItsSuccess() async throws {
        let heard = Mutex<[String]>([])
        let environment = try await DeliveryEnvironment(cpo: { _ in Self.answer(Self.success) })
        try await environment.run(
            exchange: try environment.exchange { _ in
            } onAnswer: { id in
                heard.withLock { $0.append(id) }
            }
        ) {
            let answer = try await environment.ask(try request(.locations, .sender, .get))
            #expect(answer.headers["Content-Encoding"] == "gzip" && answer.body == ByteBuffer(bytes: Self.gzip(Self.success)))
            #expect(heard.withLock { $0 } == ["cpo"])
            #expect(environment.cpo.recorded.first?.headers["Accept-Encoding"] == ["identity"])
        }
    }

    @Test func whatTheHubAsksForItselfIsDecodedOrRefused() async throws {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            switch seen.target.split(separator: "/").last {
            case "good": Self.answer(Self.success, [("X-Total-Count", "0")])
            case "bomb": Self.answer(String(repeating: " ", count: RecordLimits.answerBody) + Self.success)
            default: Self.answer(Self.success, coding: "br")
            }
        })
        try await environment.run(exchange: try environment.exchange()) {
            func ask(_ path: String) async throws -> ReplyRecord {
                var record = try request(.locations, .sender, .get, path: path)
                record.origin = .hub
                return try await environment.ask(record)
            }
            let good = try await ask("good")
            #expect(good.body.map { String(buffer: $0) } == Self.success && good.headers["Content-Encoding"] == nil)
            #expect(good.headers["X-Total-Count"] == "0")
            for path in ["bomb", "brotli"] {
                let refused = try await ask(path)
                #expect(refused.outcome == .unreachable && refused.status == .hubError && refused.body == nil, "\(path)")
            }
        }
    }

    @Test func aSignedAnswerIsSignedAgainAlsoIfItIsCoded() async throws {
        let party = SigningKey.generate()
        let link = "<https://cpo.example/2>; rel=\"next\""
        let values = SignableValues.response(envelope: ["status_code": 1000]) { ["link": link][$0] }
        let signature = try OCNSignature.sign(values, with: party, numbers: .js).text(.brotli)
        let environment = try await DeliveryEnvironment(cpo: { _ in
            Self.answer(#"{"status_code":1000,"ocn_signature":"\#(signature)"}"#, [("Link", link)])
        })
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([.put(.origins(platform: "cpo", ["https://cpo.example:443"]))])
            let answer = try await environment.ask(try request(.locations, .sender, .get))
            let body = try #require(answer.body)
            #expect(answer.headers["Content-Encoding"] == nil)
            let received = SignableValues.response(envelope: try JSONValue.parse(body)) { $0 == "link" ? answer.headers["Link"] : nil }
            let rewritten = try OCNSignature(text: try #require(body.jsonString(["ocn_signature"])))
            #expect(try rewritten.verify(received).signatories == [Fixture.key?.address, party.address])
        }
    }

    @Test func aCodedBodyOfACustomModuleTravelsWithItsHeader() throws {
        var record = try request(ModuleID(rawValue: "wishes"), .receiver, .post, body: "\u{1F}\u{8B}")
        record.contentEncoding = "gzip"
        let call = OutboundRequestBuilder.call(record, url: "https://cpo.example/wishes", authorization: "Token x")
        #expect(call.headers["Content-Encoding"] == ["gzip"])
        // An OCN message cannot express the encoding.
        let node = NetworkNode(operatorAddress: "0xother", url: "https://other.example", source: "test")
        #expect(throws: JSONError.self) {
            try OutboundRequestBuilder.message(record, to: node, proxy: nil, key: try #require(Fixture.key))
        }
    }

    // MARK: Copies and handshake

    @Test func aServiceThatCodesItsAnswerHasTheCopy() async throws {
        let environment = try await DeliveryEnvironment(service: { seen in
            seen.headers.first(name: "OCN-Copy-ID") == "refused"
                ? Self.answer(#"{"status_code":2001}"#) : Self.answer(#"{"status_code":1000}"#)
        })
        // A back-off would be longer than this test.
        try await environment.run(push: try environment.push { ($0.backoffBase, $0.backoffCap) = (.seconds(600), .seconds(600)) }) {
            for id in ["taken", "refused"] {
                try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: id, key: "1")
            }
            try await eventually("the second copy of the object is sent, and buried") { try await environment.dead().count == 1 }
            #expect(environment.service.recorded.count == 2)
        }
    }

    @Test func aHandshakeReadsCodedAnswers() async throws {
        let server = try await PartyServer.recording { seen in
            switch seen.target {
            case "/versions": Self.answer(#"{"status_code":1000,"data":[{"version":"2.2.1","url":"https://peer.example/2.2.1"}]}"#)
            case "/bomb": Self.answer(String(repeating: " ", count: 2_000_000))
            default: Self.answer("{}", coding: "br")
            }
        }
        let connections = OutboundConnections(policy: try AddressPolicy(allowing: ["127.0.0.0/8"]))
        let peers = PeerClient(OutboundClient(connections, answerLimit: 10_000), logger: Fixture.silent)
        let answer = try? await peers.ask(.get, server.url + "/versions", "Token x", nil)
        var errors: [OCPIError?] = []
        for path in ["/bomb", "/brotli"] {
            errors.append(await #expect(throws: OCPIError.self) { _ = try await peers.ask(.get, server.url + path, "Token x", nil) })
        }
        await connections.shutdown()
        await server.stop()
        #expect(try answer?.highestVersion().url == "https://peer.example/2.2.1")
        #expect(errors.allSatisfy { $0?.code == .unableToUseClientAPI && $0?.message.contains("body") == true }, "\(errors)")
    }
}
