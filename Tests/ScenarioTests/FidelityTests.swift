import Demo
import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import Support
import TestParties
import Testing

@testable import Node

extension Scenarios {
    /// The bytes that a party sends arrive unchanged at the recipient and the services, and the recipient's answer at the party, through
    /// HTTP, Kafka and HTTP.
    @Suite(.serialized, FidelityTrait(), .timeLimit(.minutes(5))) struct FidelityTests {
        private func network() throws -> FidelityNetwork { try #require(FidelityNetwork.current) }

        @Test(arguments: [
            #"{"id":"L","x_unknown":{"deeply":[{"nested":true}]},"also unknown":[[],{}]}"#,
            #"{"one":1,"decimal":1.0,"more":1.00,"exponent":1e0,"capital":1E+2,"long":123456789012345678901234567890.1234567890,"minus":-0}"#,
            #"{"text":"\u00e9 \u00E9 é \/ / \"\\\b\f\n\r\t \ud83d\ude00 😀 漢 \u0000"}"#,
            "{\"separators\":\"\u{2028}\u{2029}\u{feff}\",\"e\u{301}\":\"composed differently\"}",
            #"{"null":null,"list":[null],"object":{"a":null},"empty":"","nothing":[]}"#,
            #"{"z":1,"a":2,"m":{"z":1,"a":2},"a":3}"#,
            "\n\t { \"spaces\" :\r\n [ 1 , 2 ] } \n",
            #"[]"#, #""just a string""#, "null", "0",
        ])
        func whatIsSentArrives(text: String) async throws {
            try await network().expectFaithful(ByteBuffer(string: text))
        }

        @Test func aBodyOfOneMebibyteArrives() async throws {
            let network = try network()
            let limit = 1024 * 1024
            let frame = (before: #"{"id":"L","filler":""#, after: #"","number":1.0}"#)
            func body(of length: Int) -> ByteBuffer {
                let filler = String(repeating: "äx", count: (length - frame.before.utf8.count - frame.after.utf8.count) / 3)
                var body = ByteBuffer(string: frame.before + filler)
                body.writeRepeatingByte(UInt8(ascii: "."), count: length - body.readableBytes - frame.after.utf8.count)
                body.writeString(frame.after)
                return body
            }
            try #require(body(of: limit).readableBytes == limit)
            try await network.expectFaithful(body(of: limit))
            for framing in [FidelityClient.Framing.length, .chunked(65_536)] {
                let refused = try await network.put("too-long", body(of: limit + 1), framing)
                #expect(refused.status == 413)
                #expect(refused.body.jsonInteger(["status_code"]) != nil, "an OCPI answer all the same")
            }
            #expect(!network.recipient.received.entries.contains { $0.path.hasSuffix("/too-long") })
        }

        @Test(arguments: [1, 7, 1000]) func chunksAreJoined(size: Int) async throws {
            let body = ByteBuffer(string: #"{"id":"L", "number":1.0, "text":"\u00e9 é 😀","null":null}"#)
            try await network().expectFaithful(body, .chunked(size))
        }

        @Test func aClientThatAsksBeforeItSendsABodyIsTold() async throws {
            let body = ByteBuffer(string: #"{"id":"L", "number":1.0, "text":"\u00e9 é 😀","null":null}"#)
            let answer = try await network().expectFaithful(body, .afterContinue)
            #expect(answer.wasAskedToContinue)
        }
    }
}

/// One node with a sender, a recipient and a service that the sender has an agreement with.
final class FidelityNetwork: Sendable {
    @TaskLocal static var current: FidelityNetwork?

    let node: ReferenceNode
    let sender: ReferenceParty
    let recipient: ReferenceParty
    let service: ReferenceParty

    private init() async throws {
        let ids = try ["DE-SND", "NL-RCV", "DE-SRV"].map { try #require(PartyID($0)) }
        node = try await ReferenceNode(number: 1, services: [ids[2]])
        let modules = [("locations", InterfaceRole.receiver)]
        sender = ReferenceParty(ids[0], "CPO", at: node, modules: [("locations", .sender)]) { _, _ in nil }
        recipient = ReferenceParty(ids[1], "EMSP", at: node, modules: modules) { _, request in
            ReferenceAnswer(raw: Self.answer(to: request.body))
        }
        service = ReferenceParty(ids[2], "OTHER", at: node, modules: modules) { _, _ in ReferenceAnswer() }
    }

    static func start() async throws -> FidelityNetwork {
        let network = try await FidelityNetwork()
        do {
            let (node, parties) = (network.node, [network.sender, network.recipient, network.service])
            var facts = parties.map(ReferenceNetwork.listing)
            facts.append(.node(NetworkNode(operatorAddress: node.operatorAddress, url: node.url, source: "state")))
            facts.append(.service(NetworkService(provider: network.service.id, name: "Copies", permissions: [0], source: "state")))
            facts.append(.agreement(Agreement(user: network.sender.id, provider: network.service.id, source: "state")))
            try await node.publish(facts.map(FactChange.put))
            try await node.start()
            for party in parties {
                try await party.start()
                try await party.register()
            }
        } catch {
            await network.stop()
            throw error
        }
        return network
    }

    func stop() async {
        for party in [sender, recipient, service] { await party.stop() }
        await node.stop()
    }

    /// The recipient's answer: the received body in an envelope with unusual formatting.
    static func answer(to body: ByteBuffer) -> ByteBuffer {
        var answer = ByteBuffer(string: "{ \"timestamp\":\"2024-02-29T23:59:58Z\" ,\"status_code\": 1000,\"x\":1.0,\"data\":\t")
        answer.writeImmutableBuffer(body)
        answer.writeString("\n}")
        return answer
    }

    /// A PUT of a location as bytes.
    func put(_ id: String, _ body: ByteBuffer, _ framing: FidelityClient.Framing) async throws -> FidelityClient.Answer {
        try await FidelityClient(port: node.configuration.publicPort).send(
            "PUT", "/ocpi/receiver/2.2/locations/\(sender.id.country)/\(sender.id.party)/\(id)",
            headers: try sender.headers(to: recipient.id), body: body, framing: framing)
    }

    /// Sends a body; expects the same bytes at the recipient, at the service, and in the answer.
    @discardableResult
    func expectFaithful(
        _ body: ByteBuffer, _ framing: FidelityClient.Framing = .length, sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> FidelityClient.Answer {
        let id = UUIDText.v4()
        let answer = try await put(id, body, framing)
        #expect(answer.status == 200, "\(String(buffer: answer.body).prefix(300))", sourceLocation: sourceLocation)
        // Compared outside of the expectation, so that a failure does not print a mebibyte.
        let isSameAnswer = answer.body == Self.answer(to: body)
        #expect(isSameAnswer, "the answer has other bytes", sourceLocation: sourceLocation)
        for party in [recipient, service] {
            let entries = await party.received.wait(within: .seconds(15)) { $0.contains { $0.path.hasSuffix(id) } }
            let arrived = try #require(
                entries?.first { $0.path.hasSuffix(id) }, "nothing came to \(party.id)", sourceLocation: sourceLocation)
            let isSame = arrived.body == body
            #expect(isSame, "\(party.id) got other bytes", sourceLocation: sourceLocation)
        }
        return answer
    }
}

/// A suite with a ``FidelityNetwork``, which runs as long as the suite.
struct FidelityTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let network = try await FidelityNetwork.start()
        do {
            try await FidelityNetwork.$current.withValue(network) { try await function() }
        } catch {
            await network.stop()
            throw error
        }
        await network.stop()
    }
}
