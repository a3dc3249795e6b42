import ArgumentParser
import Configuration
import Directory
import Glibc
import Kafka
import Logging
import Notary
import OCPI
import ServiceLifecycle
import Soak
import Synchronization
import Topics

/// `ocn soak`: load, kills, and a ledger that must balance.
struct SoakCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "soak",
        abstract: "Send requests for a while, kill processes meanwhile, and show that no copy is lost or out of order.",
        discussion: """
            Starts an in-memory Kafka and every role as processes of their own, two of each but control, and parties with real HTTP \
            servers: a CPO that sends sessions and CDRs to an eMSP, and three services with an agreement, of which one is well, one fails \
            every second time and refuses some copies for good, and one hangs now and then. Every request that was answered with success \
            and every delivery goes into a ledger. At the end, after all that waits has been delivered:

              accepted copies = delivered + dead letters + expired + withheld + lost

            Exit status 1 unless nothing is lost, nothing came out of order, and repeats are no more than the kills explain. Progress goes \
            to standard error.
            """)

    @Option(help: "How long to send.")
    var seconds: Int = 60

    @Flag(help: "Kill a process (SIGKILL) every few seconds and start another.")
    var kill = false

    @Option(help: "What is random comes out the same again for the same seed (default: another each time).")
    var seed: UInt64?

    @Option(help: "Requests each second.")
    var rate: Int = 100

    @Option(
        help: ArgumentHelp("A real Kafka; topics are created under a name of their own and deleted at the end.", valueName: "host:port"))
    var brokers: String?

    @Option(help: ArgumentHelp("Keep the processes' logs in this folder.", valueName: "path"))
    var logs: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard 1...604_800 ~= seconds else { throw ValidationError("--seconds must be between 1 and 604800") }
        guard 1...10_000 ~= rate else { throw ValidationError("--rate must be between 1 and 10000") }
    }

    func run() async throws {
        Program.bootstrap(level: .error)
        let logger = Logger(label: "soak")
        guard let cast = Cast.usual else { throw ConfigurationError(description: "the usual parties cannot be read") }
        var options = SoakOptions(seconds: seconds, seed: seed ?? UInt64(UInt32.random(in: .min ... .max)))
        options.kills = kill
        options.rate = rate
        options.brokers = brokers
        options.logs = logs
        let run = SoakRun(Soak(options, host: LocalOperator(logger: logger), cast: cast) { Self.tell($0) })
        // Its processes are children of ours: a signal to us must not leave them behind.
        try await Program.run([run], grace: .seconds(60), logger: logger)
        guard let result = run.result else { throw ExitCode(130) }
        for line in json ? [result.json] : result.lines { print(line) }
        fflush(nil)
        if !result.isOK { throw ExitCode(1) }
    }

    private static func tell(_ text: String) {
        let bytes = Array((text + "\n").utf8)
        // Progress that nobody can read is no reason to stop.
        _ = Glibc.write(STDERR_FILENO, bytes, bytes.count)
    }
}

/// A soak as a service, so that signals stop it.
private final class SoakRun: Service {
    private let soak: Soak
    private let outcome = Mutex<SoakResult?>(nil)

    init(_ soak: Soak) { self.soak = soak }

    /// Nil if it was stopped.
    var result: SoakResult? { outcome.withLock { $0 } }

    func run() async throws {
        try await cancelWhenGracefulShutdown { [self] in
            do {
                let result = try await soak.run()
                outcome.withLock { $0 = result }
            } catch is CancellationError {
                return
            } catch {
                if !Task.isCancelled { throw error }
            }
        }
    }
}

/// Prepares a node on this machine whose processes are configured by their environment.
private struct LocalOperator: SoakOperator {
    let logger: Logger

    func prepare(_ site: SoakSite) async throws -> SoakNode {
        let adminKey = Token.generate()
        let environment = [
            "OCN_NODE_URL": site.publicURL, "OCN_NODE_NAME": "Node under test", "OCN_NODE_KEY": SigningKey.generate().secretHex,
            "OCN_NODE_SECRET": Token.generate().raw, "OCN_NODE_ADMIN_KEY": adminKey.raw, "OCN_HTTP_PUBLIC_HOST": "127.0.0.1",
            "OCN_HTTP_ALLOW_NETWORKS": "127.0.0.0/8", "OCN_HTTP_REQUEST_TIMEOUT_SECONDS": "5", "OCN_KAFKA_BOOTSTRAP": site.bootstrap,
            "OCN_KAFKA_PREFIX": site.prefix, "OCN_PUSH_RECIPIENT_CONCURRENCY": "\(site.pushConcurrency)",
            // Seconds count here: what failed is tried again soon.
            "OCN_PUSH_BACKOFF_BASE_MS": "100", "OCN_PUSH_BACKOFF_CAP_MS": "1000",
        ]
        let properties = getenv("OCN_KAFKA_PROPERTIES").map { ["OCN_KAFKA_PROPERTIES": String(cString: $0)] } ?? [:]
        let variables = EnvironmentVariablesProvider(environmentVariables: environment.merging(properties) { own, _ in own })
        let configuration = try NodeConfiguration(ConfigReader(provider: variables.prefixKeys(with: "ocn")))
        let shared = try await SharedResources.open(configuration, logger: logger)
        do {
            for service in site.cast.services { try await shared.topicUpkeep.ensureOutbox(of: service) }
            let facts = site.cast.registry(operatorAddress: configuration.key.address.hex, url: site.publicURL)
            try await shared.writer.write(facts.map(Change.put))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
        return SoakNode(environment: environment, adminToken: adminKey.raw, kafka: shared.kafka, topics: configuration.topics)
    }

    func cleanUp(_ node: SoakNode) async throws {
        let admin = try KafkaAdmin(node.kafka, logger: logger)
        do {
            let topics = try await admin.listTopics().keys.filter { $0.hasPrefix(node.topics.prefix) }
            _ = try await admin.deleteTopics(topics)
        } catch {
            await admin.close()
            throw error
        }
        await admin.close()
    }
}
