import Demo
import Directory
import Encoding
import Foundation
import Hummingbird
import NIOCore
import OCPI
import Support
import Synchronization
import Telemetry
import Testbed
import Testing

@testable import Node

extension Scenarios {
    @Suite(.serialized) struct ShutdownTests {
        /// The effect of SIGTERM on a node: the same graceful shutdown, here without the signal.
        @Test("Scenario 12: a node that stops first turns unready, then answers what is open, then ends", .timeLimit(.minutes(5)))
        func aStopFirstTurnsUnreadyThenAnswersWhatIsOpenThenEnds() async throws {
            let (entered, hasEntered) = AsyncStream<Void>.makeStream()
            let (opened, open) = AsyncStream<Void>.makeStream()
            let port = try FreePorts.one()
            let router = Router()
            router.post("cdrs") { _, _ in
                hasEntered.finish()
                for await _ in opened {}
                return Response(
                    status: .ok, headers: [.contentType: "application/json"],
                    body: .init(byteBuffer: ByteBuffer(string: #"{"status_code":1000,"data":"late but answered"}"#)))
            }
            let slow = Application(router: router, configuration: .init(address: .hostname("127.0.0.1", port: port)))

            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await slow.run() }
                let node = try await self.node()
                let cpo = try await party("DE-CPO", .cpo, node)
                let emsp = try await party("NL-MSP", .emsp, node)
                let endpoint = Endpoint(module: .cdrs, interface: .receiver, url: "http://127.0.0.1:\(port)/cdrs")
                let id = try await platform(of: emsp, node)
                try await node.publish { directory in
                    [.put(.platform(try #require(directory.platform(id: id)).changed { $0.endpoints = [endpoint] }))]
                }

                async let answer = cpo.send(.post, "cdrs", .receiver, to: emsp.profile.id, body: ByteBuffer(string: #"{"id":"1"}"#))
                for await _ in entered {}
                async let stopped: Void = node.stop()
                try await eventually("the node says that it is no longer ready") {
                    try await TestNode.call("GET", node.adminURL + "/ready").status == 503
                }
                open.finish()
                let late = try await answer
                #expect(late.status == 200 && String(buffer: late.body).contains("late but answered"))
                await stopped
                await #expect(throws: (any Error).self) { try await TestNode.call("GET", node.url + "/ocpi/versions", within: .seconds(1)) }
                await cpo.stop()
                await emsp.stop()
                tasks.cancelAll()
            }
        }

        private func node() async throws -> ReferenceNode {
            let node = try await ReferenceNode(number: 1)
            let parties = try ["DE-CPO", "NL-MSP"].map { try #require(PartyID($0)) }
            let facts: [Fact] =
                [.node(NetworkNode(operatorAddress: node.operatorAddress, url: node.url, source: "state"))]
                + parties.map {
                    .party(NetworkParty(party: $0, roles: [], operatorAddress: node.operatorAddress, source: "state"))
                }
            try await node.publish(facts.map(FactChange.put))
            try await node.start()
            return node
        }

        private func party(_ id: String, _ part: PartyPart, _ node: ReferenceNode) async throws -> DemoParty {
            let party = DemoParty(PartyProfile(id: try #require(PartyID(id)), name: id, part: part))
            try await party.start()
            try await party.register(publicURL: node.url, adminURL: node.adminURL, adminToken: node.configuration.adminKey.raw)
            return party
        }

        private func platform(of party: DemoParty, _ node: ReferenceNode) async throws -> String {
            let answer = try await node.admin("GET", "/admin/platforms")
            let platforms = try JSONValue.parse(answer.body).array ?? []
            let own = platforms.first { $0["roles"]?.array?.first?["party"]?.string == party.profile.id.description }
            return try #require(own?["id"]?.string)
        }
    }
}
