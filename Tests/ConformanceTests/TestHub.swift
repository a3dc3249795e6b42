import Conformance
import Directory
import Foundation
import Kafka
import Logging
import Notary
import OCPI
import Support
import Telemetry
import Testbed
import Testing
import Topics

@testable import Node

/// A node with all roles in this process, on an in-memory Kafka or the real one of `OCN_TEST_KAFKA`, and the parties of the suite connected
/// to it. The first check that needs it starts it; it runs as long as the process.
enum TestHub {
    static let timeout = Duration.seconds(2)
    /// Includes the cluster, which ends when it is released.
    private static let environment = Task { try await start() }

    /// - Throws: the reason why there is no hub.
    static func started() async throws -> TestEnvironment { try await environment.value.0 }

    private static func start() async throws -> (TestEnvironment, EmbeddedCluster?) {
        let logger = quietLogger()
        let participants = try #require(Participants.usual)
        let cluster = TestKafka.realCluster == nil ? try EmbeddedBroker.start(names: TopicNames(), services: [], logger: logger) : nil
        let bootstrap = try #require(cluster?.bootstrap ?? TestKafka.realCluster)
        var configuration = try NodeConfiguration.local(number: 1, bootstrap: bootstrap, ports: FreePorts.two())
        if cluster == nil {
            configuration.topics = TopicNames(prefix: "t\(UInt32.random(in: .min ... .max)).")
            configuration.topicSettings.replication = try await TestKafka.replication
        }
        // There are many groups at once: fewer polls leave the cores to those with work.
        configuration.kafka.properties["fetch.wait.max.ms"] = "10"
        configuration.requestTimeout = timeout
        configuration.stillAliveInterval = .seconds(2)
        try await list(participants, configuration, logger)

        // Runs as long as the process.
        _ = try await RunningNode.start(configuration, metrics: PrometheusMetrics(), logger: logger)
        let environment = TestEnvironment(
            hub: HubUnderTest(
                url: configuration.publicURL,
                admin: HubUnderTest.Admin(url: "http://127.0.0.1:\(configuration.privatePort)", key: configuration.adminKey),
                party: configuration.hub, timeout: timeout), participants: participants)
        try await environment.start()
        return (environment, cluster)
    }

    /// Puts the parties into the registry, under this node.
    private static func list(_ participants: Participants, _ configuration: NodeConfiguration, _ logger: Logger) async throws {
        let address = configuration.key.address.hex
        let facts: [Fact] =
            [.node(NetworkNode(operatorAddress: address, url: configuration.publicURL, source: "state"))]
            + participants.listed.map { .party(NetworkParty(party: $0, roles: [], operatorAddress: address, source: "state")) }
        let shared = try await SharedResources.open(configuration, logger: logger)
        do throws(StateError) {
            try await shared.writer.write(facts.map(FactChange.put))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    private static func quietLogger() -> Logger {
        guard ProcessInfo.processInfo.environment["OCN_TEST_LOG"] == nil else { return Logger(label: "conformance") }
        return Logger(label: "conformance") { _ in SwiftLogNoOpLogHandler() }
    }
}

/// The findings, so that the final table need not test everything again.
actor Findings {  // An actor, because looking up and trying belong together over an await.
    static let shared = Findings()
    private var known: [Int: Finding] = [:]

    /// Tests a requirement once.
    func finding(_ number: Int) async throws -> Finding {
        if let finding = known[number] { return finding }
        let finding = try #require(await Runner(try await TestHub.started()).run(number))
        known[number] = finding
        return finding
    }
}

/// Expects that the hub meets a requirement.
func meets(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let finding = try await Findings.shared.finding(number)
    switch finding.outcome {
    case .met: break
    case .unmet(let reason): Issue.record("\(number) \(finding.requirement.title): \(reason)", sourceLocation: sourceLocation)
    case .skipped(let reason): Issue.record("\(number) was not tried: \(reason)", sourceLocation: sourceLocation)
    }
}

/// Expects that a requirement cannot be tested over HTTP, with a reason in the table.
func untried(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let check = try #require(Check.all.first { $0.number == number }, sourceLocation: sourceLocation)
    #expect(check.reason?.isEmpty == false, sourceLocation: sourceLocation)
}
