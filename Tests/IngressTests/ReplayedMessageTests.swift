import Encoding
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// A signed message of another node contains no time, so a repeated message must be recognised, and by the worker that received it first.
@Suite struct ReplayedMessageTests {
    /// Otherwise a captured message could be sent again in another serialisation without being recognised.
    @Test func whatIsPassedOnIsWhatWasSigned() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let signed = try TestIngress.nodeMessage {
            $0.query = ["limit": 5]
            $0.body = ByteBuffer(string: #"{"uid":"T 1","kwh":1.5}"#)
        }
        let respelled = signed.replacing(#"{"uid":"T 1","kwh":1.5}"#, with: #"{ "kwh": 1.50, "uid":"\u0054 1"}"#)
        let spaced = signed.replacing(#"{"uid":"T 1","kwh":1.5}"#, with: #"{ "uid": "\u0054 1", "kwh": 1.50 }"#)
        #expect(try await ingress.bring(respelled, signing: signed).code == 4003, "members are in another order")
        for text in [signed, spaced] { #expect(try await ingress.bring(text, signing: signed).status == 200) }
        #expect(ingress.produced.count == 2)
        #expect(ingress.produced.allSatisfy { $0.body.map { String(buffer: $0) } == #"{"uid":"T 1","kwh":1.5}"# && $0.query == "limit=5" })
        let keys = ingress.produced.map { IdempotencyKey($0) }
        #expect(keys[0] != nil && keys[0] == keys[1])
        #expect(ingress.produced[0].key == ingress.produced[1].key, "one worker sees both")
    }

    /// Parties of another node are not parties of this hub.
    @Test func nothingOfAnotherNodeIsBroadcast() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let broadcast = try TestIngress.nodeMessage { $0.receiver = party("CH-OCN") }
        #expect(try await ingress.bring(broadcast).code == 4001)
        // The party is in the registry, so this node's signature is valid for it.
        let listed = NetworkParty(party: party("CH-OCN"), roles: ["HUB"], operatorAddress: TestIngress.ownAddress, source: "test")
        ingress.state.withLock { $0.directory.apply(key: Fact.party(listed).key, .party(listed)) }
        #expect(try await ingress.bring(broadcast).code == 4003)
        #expect(ingress.produced.isEmpty)
    }

    @Test func whatAsksForAResultComesToTheWorkerThatKnowsIt() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let question = try TestIngress.nodeMessage {
            ($0.module, $0.method, $0.urlPath, $0.body) = (.chargingprofiles, .get, "/S1", nil)
            $0.query = ["duration": 60, "response_url": "https://other.example/x"]
        }
        for _ in 0..<2 { #expect(try await ingress.bring(question).status == 200) }
        #expect(ingress.produced.map(\.key) == Array(repeating: "NL-REM|chargingprofiles|r7", count: 2))
        let keys = ingress.produced.map { IdempotencyKey($0) }
        #expect(keys[0] != nil && keys[0] == keys[1])
    }
}
