import Demo
import Directory
import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import TestParties
import Testing

@testable import Node

extension Scenarios {
    /// A node whose Kafka is unavailable for longer than any session, and returns.
    @Suite(.serialized) struct KafkaLossTests {
        @Test("Scenario 22: a node without Kafka says that it is not ready, refuses, and works again by itself", .timeLimit(.minutes(5)))
        func aNodeSurvivesTheLossOfKafka() async throws {
            let ids = try ["DE-CPO", "NL-MSP", "DE-BIL"].map { try #require(PartyID($0)) }
            let node = try await ReferenceNode(number: 1, services: [ids[2]], breaksKafka: true) { configuration in
                // Refused requests must be refused soon.
                configuration.requestTimeout = .seconds(3)
            }
            let parties = [
                DemoParty(PartyProfile(id: ids[0], name: "DE-CPO", part: .cpo)),
                DemoParty(PartyProfile(id: ids[1], name: "NL-MSP", part: .emsp)),
                DemoParty(PartyProfile(id: ids[2], name: "DE-BIL", part: .billing)),
            ]
            do {
                try await play(node, parties)
            } catch {
                await stop(node, parties)
                throw error
            }
            await stop(node, parties)
        }

        private func stop(_ node: ReferenceNode, _ parties: [DemoParty]) async {
            await node.stop()
            for party in parties { await party.stop() }
        }

        private func play(_ node: ReferenceNode, _ parties: [DemoParty]) async throws {
            let (cpo, emsp, billing) = (parties[0], parties[1], parties[2])
            try await node.publish(registry(of: node, parties.map(\.profile.id)).map(FactChange.put))
            try await node.start()
            for party in parties {
                try await party.start()
                try await party.register(
                    publicURL: node.url, adminURL: node.adminURL, adminToken: node.configuration.adminKey.raw)
            }
            #expect(try await post("before", from: cpo, to: emsp) == 1000)

            let cluster = try #require(node.cluster)
            cluster.setBroker(-1, up: false)
            try await eventually("the node is not ready, and says why", within: .seconds(30)) {
                let answer = try await TestNode.call("GET", node.adminURL + "/ready")
                return answer.status == 503 && answer.body.contains(#""name":"kafka","ready":false"#)
            }
            #expect(try await TestNode.call("GET", node.adminURL + "/health").status == 200, "nothing that a restart would mend")
            #expect(try await post("meanwhile", from: cpo, to: emsp) != 1000, "no success before Kafka has it")

            cluster.setBroker(-1, up: true)
            try await eventually("the node is ready again", within: .seconds(30)) {
                try await TestNode.isReady(port: node.configuration.privatePort)
            }
            try await eventually("requests are answered again", within: .seconds(30)) {
                try await post("after", from: cpo, to: emsp) == 1000
            }
            let copies = await billing.received.wait(within: .seconds(30)) { received in
                ["before", "after"].allSatisfy { id in received.contains { $0.request.body.contains(id) } }
            }
            #expect(copies != nil, "copies of what was answered arrive")
            #expect(!emsp.received.entries.contains { $0.request.body.contains("meanwhile") }, "what was refused is not sent later")
        }

        private func registry(of node: ReferenceNode, _ ids: [PartyID]) -> [Fact] {
            [.node(NetworkNode(operatorAddress: node.operatorAddress, url: node.url, source: "state"))]
                + ids.map { .party(NetworkParty(party: $0, roles: [], operatorAddress: node.operatorAddress, source: "state")) }
                + [
                    .service(NetworkService(provider: ids[2], name: "Billing", permissions: [0], source: "state")),
                    .agreement(Agreement(user: ids[0], provider: ids[2], source: "state")),
                ]
        }

        /// Sends a CDR with this id and returns the OCPI status of the answer.
        private func post(_ id: String, from cpo: DemoParty, to emsp: DemoParty) async throws -> Int? {
            let body = #"{"country_code":"DE","party_id":"CPO","id":"\#(id)","session_id":"S-\#(id)"}"#
            return try await cpo.send(.post, "cdrs", .receiver, to: emsp.profile.id, body: ByteBuffer(string: body)).ocpiStatus
        }
    }
}

extension ByteBuffer {
    fileprivate func contains(_ text: String) -> Bool { String(buffer: self).contains(text) }
}
