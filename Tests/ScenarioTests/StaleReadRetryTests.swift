import Demo
import Directory
import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Node

extension Scenarios {
    /// Two INGRESS processes and one MATCHER process. All except the first read `ocn.state` late.
    @Suite(.serialized) struct StaleReadRetryTests {
        private static let rounds = 5

        @Test(.timeLimit(.minutes(5))) func whatOneProcessAcknowledgedHoldsForTheNextRequestToAnother() async throws {
            let users = try (0..<6).map { try #require(PartyID("DE-10\($0)")) }
            let billing = try #require(PartyID("DE-BIL"))
            let witness = try #require(PartyID("NL-WIT"))
            let first = try await ReferenceNode(number: 1, services: [billing, witness]) { $0.roles = [.ingress] }
            let second = try await Self.late(first, 2, .ingress)
            let matcher = try await Self.late(first, 3, .matcher)
            let parties = users.map { DemoParty(PartyProfile(id: $0, name: "\($0)", part: .cpo)) }
            let failure: (any Error)?
            do {
                try await first.publish(Self.registry(first, users, billing: billing, witness: witness).map(FactChange.put))
                for node in [first, second, matcher] { try await node.start() }
                try await Self.play(parties, first, second, matcher, billing: billing, witness: witness)
                failure = nil
            } catch { failure = error }
            for party in parties { await party.stop() }
            for node in [matcher, second, first] { await node.stop() }
            if let failure { throw failure }
        }

        /// Another process of the same node, at the same public address.
        private static func late(_ first: ReferenceNode, _ number: Int, _ role: NodeRole) async throws -> ReferenceNode {
            try await ReferenceNode(number: number) { configuration in
                let (publicPort, privatePort) = (configuration.publicPort, configuration.privatePort)
                configuration = first.configuration
                configuration.instance = "node-\(number)"
                (configuration.publicPort, configuration.privatePort) = (publicPort, privatePort)
                configuration.roles = [role]
                // The in-memory cluster answers an empty fetch only after this time, whatever is written meanwhile.
                configuration.kafka.properties["fetch.wait.max.ms"] = "50"
            }
        }

        private static func registry(_ node: ReferenceNode, _ users: [PartyID], billing: PartyID, witness: PartyID) -> [Fact] {
            [.node(NetworkNode(operatorAddress: node.operatorAddress, url: node.url, source: "state"))]
                + (users + [billing, witness]).map {
                    .party(NetworkParty(party: $0, roles: [], operatorAddress: node.operatorAddress, source: "state"))
                }
                + [billing, witness].map { .service(NetworkService(provider: $0, name: "\($0)", permissions: [4], source: "state")) }
                + users.map { .agreement(Agreement(user: $0, provider: witness, source: "state")) }
        }

        private static func play(
            _ parties: [DemoParty], _ first: ReferenceNode, _ second: ReferenceNode, _ matcher: ReferenceNode, billing: PartyID,
            witness: PartyID
        ) async throws {
            // In a separate process, like `ocn registry agree`.
            let editor = try await SharedResources.open(
                first.configuration, logger: Logger(label: "editor") { _ in SwiftLogNoOpLogHandler() })
            let topics = first.configuration.topics
            do {
                let tap = try await KafkaTap.open([DemoCluster(kafka: editor.kafka, topics: topics)])
                do {
                    let expected = try await withThrowingTaskGroup(of: [String: Bool].self) { tasks in
                        for party in parties {
                            tasks.addTask {
                                try await party.start()
                                try await party.register(
                                    publicURL: first.url, adminURL: first.adminURL, adminToken: first.configuration.adminKey.raw)
                                return try await post(as: party, to: second, billing, editor.writer) { id in
                                    // The second service gets a copy of everything: when its copy has arrived, MATCHER has processed the
                                    // request, and the next change may follow.
                                    let copy = await tap.first(timeout: .seconds(30)) {
                                        $0.topic == topics.outbox(witness) && $0.correlationID == id
                                    }
                                    #expect(copy != nil, "judged")
                                }
                            }
                        }
                        return try await tasks.reduce(into: [:]) { $0.merge($1) { one, _ in one } }
                    }
                    await matcher.stop()
                    try await check(expected, in: tap, topics.outbox(billing), editor.producer)
                } catch {
                    await tap.close()
                    throw error
                }
                await tap.close()
            } catch {
                await editor.close()
                throw error
            }
            await editor.close()
        }

        /// Makes and revokes agreements in one process, each followed by a request to another one that has not seen this party before.
        /// - Returns: whether each request must be copied, by correlation id.
        private static func post(
            as party: DemoParty, to node: ReferenceNode, _ billing: PartyID, _ writer: StateWriter, judged: (String) async -> Void
        ) async throws -> [String: Bool] {
            let agreement = Fact.agreement(Agreement(user: party.profile.id, provider: billing, source: "state"))
            // Newly registered, without an agreement yet.
            let id = try await put(0, party, node)
            await judged(id)
            var isCopied = [id: false]
            for round in 1...rounds {
                for isAgreed in [true, false] {
                    try await writer.write([isAgreed ? .put(agreement) : .delete(key: agreement.key)])
                    let id = try await put(round, party, node)
                    await judged(id)
                    isCopied[id] = isAgreed
                }
            }
            return isCopied
        }

        /// Broadcasts a location; the node answers when Kafka has acknowledged it.
        /// - Returns: the request's correlation id.
        private static func put(_ round: Int, _ party: DemoParty, _ node: ReferenceNode) async throws -> String {
            let id = party.profile.id
            let answer = try await party.call(
                .put, "http://127.0.0.1:\(node.configuration.publicPort)/ocpi/receiver/2.2.1/locations/\(id.country)/\(id.party)/\(round)",
                to: node.configuration.hub,
                body: ByteBuffer(string: #"{"country_code":"\#(id.country)","party_id":"\#(id.party)","id":"\#(round)"}"#))
            #expect(answer.ocpiStatus == 1000, "\(id), round \(round): \(answer.body.jsonString(["status_message"]) ?? "")")
            return answer.correlationID
        }

        private static func check(_ expected: [String: Bool], in tap: KafkaTap, _ outbox: String, _ producer: Producer) async throws {
            // The records that the tap has read up to these are complete, because MATCHER has nothing left to process.
            for partition in 0..<TopicSettings().outboxPartitions {
                var headers = RecordHeaders()
                headers.append("ce_correlationid", "end-\(partition)")
                _ = try await producer.send(
                    OutgoingRecord(topic: outbox, partition: Int32(partition), value: ByteBuffer(string: "end"), headers: headers))
                #expect(await tap.first(timeout: .seconds(30)) { $0.correlationID == "end-\(partition)" } != nil)
            }
            #expect(expected.count > 2 * rounds)
            let copies = Dictionary(grouping: tap.crossings.filter { $0.topic == outbox }) { $0.correlationID ?? "" }
            for (id, isCopied) in expected { #expect(copies[id]?.count ?? 0 == (isCopied ? 1 : 0), "agreed: \(isCopied)") }
        }
    }
}
