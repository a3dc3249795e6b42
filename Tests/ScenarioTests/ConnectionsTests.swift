import Foundation
import Kafka
import Logging
import Support
import Testing

@testable import Node

extension Scenarios {
    /// The connections of a process with all roles to its Kafka, counted in a separate process, because this one has clients of other
    /// tests.
    @Suite(.serialized) struct ConnectionsTests {
        @Test(.timeLimit(.minutes(5))) func aWholeNodeHasFewKafkaClientsAndTellsItsConnections() async throws {
            try await Broker.with { broker, prefix, programs, _ in
                try await count(try await TestNode(bootstrap: broker.bootstrap, prefix: prefix), programs)
            }
        }

        private func count(_ node: TestNode, _ programs: Programs) async throws {
            let process = try await programs.startNode(node)
            // Each client has one thread of that name.
            let clients = try process.threadNames().count { $0 == "rdk:main" }
            #expect((5...9).contains(clients), "\(clients) clients")
            let kafka = KafkaSettings(bootstrap: node.bootstrap, clientID: "test")
            let brokers = try await KafkaAdmin.with(kafka, logger: Logger(label: "test")) { try await $0.brokerCount() }
            // One connection to each broker, one to the group's coordinator, and none to the bootstrap address once the brokers are known.
            let told = try await connections(node)
            #expect((clients...clients * (brokers + 1)).contains(told), "\(told) connections of \(clients) clients to \(brokers) brokers")
            #expect(await process.terminate() == 0, "\(process.text.suffix(2000))")
        }

        private func connections(_ node: TestNode) async throws -> Int {
            let answer = try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/metrics")
            let line = answer.body.split(separator: "\n").first { $0.hasPrefix("ocn_kafka_connections ") }
            return try #require(line.flatMap { Double($0.dropFirst("ocn_kafka_connections ".count)) }.map { Int($0) }, "\(answer.body)")
        }
    }
}

extension RunningProgram {
    fileprivate func threadNames() throws -> [String] {
        let folder = "/proc/\(processIdentifier)/task"
        return try FileManager.default.contentsOfDirectory(atPath: folder).compactMap { id in
            // A thread may end while it is being read.
            try? String(contentsOfFile: "\(folder)/\(id)/comm", encoding: .utf8).trimmingCharacters(in: .newlines)
        }
    }
}
