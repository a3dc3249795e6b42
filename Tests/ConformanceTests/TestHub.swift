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

/// A node with all roles in this process, on a Kafka in memory or the real one of `OCN_TEST_KAFKA`, and the parties of the suite
/// connected to it. Started by the first check that needs it, kept as long as the process.
enum TestHub {
    static let timeout = Duration.seconds(2)
    /// With the cluster, which ends when nobody holds it.
    private static let world = Task { try await start() }

    /// - Throws: why there is no hub to try.
    static func started() async throws -> TestEnvironment { try await world.value.0 }

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
        // Many groups at once: asking less often leaves the processor to those who have something to do.
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

/// What was found, so that the table at the end need not try everything again.
actor Findings {  // An actor, because looking up and trying belong together over an await.
    static let shared = Findings()
    private var known: [Int: Finding] = [:]

    /// Tries a requirement, once.
    func finding(_ number: Int) async throws -> Finding {
        if let finding = known[number] { return finding }
        let finding = try #require(await Runner(try await TestHub.started()).run(number))
        known[number] = finding
        return finding
    }
}

/// The hub meets a requirement.
func meets(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let finding = try await Findings.shared.finding(number)
    switch finding.outcome {
    case .met: break
    case .unmet(let reason): Issue.record("\(number) \(finding.requirement.title): \(reason)", sourceLocation: sourceLocation)
    case .skipped(let reason): Issue.record("\(number) was not tried: \(reason)", sourceLocation: sourceLocation)
    }
}

/// A requirement cannot be tried on a hub from outside, and the table says why.
func untried(_ number: Int, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let check = try #require(Check.all.first { $0.number == number }, sourceLocation: sourceLocation)
    #expect(check.reason?.isEmpty == false, sourceLocation: sourceLocation)
}
