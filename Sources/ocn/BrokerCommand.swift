import ArgumentParser
import Encoding
import Glibc
import Kafka
import Logging
import Node
import OCPI
import Topics

/// `ocn broker`: an in-memory Kafka, for tests on one machine.
struct BrokerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "broker",
        abstract: "Run an in-memory Kafka cluster that other processes on this machine can use.",
        discussion: """
            Nothing to install, and nothing is kept: everything is forgotten at exit, and a partition holds about 5 MB. \
            For trying things out and for tests. In production use Apache Kafka 3 or later.
            """)

    @Option(help: ArgumentHelp("Write the cluster's address to this file once it is ready.", valueName: "path"))
    var bootstrapFile: String?

    @Option(
        help: ArgumentHelp("What topic names begin with; as kafka.prefix of the nodes.", valueName: "prefix"),
        transform: OperatorText.topicPrefix)
    var prefix: String = "ocn."

    @Option(help: ArgumentHelp("Also create the outbox of this service; may be repeated.", valueName: "CC-PID"))
    var service: [String] = []

    @Option(help: ArgumentHelp("Partitions of each outbox; as kafka.outbox_partitions of the nodes.", valueName: "number"))
    var outboxPartitions: Int = TopicSettings().outboxPartitions

    @OptionGroup var logs: LogOptions

    func validate() throws {
        guard 1...10_000 ~= outboxPartitions else { throw ValidationError("--outbox-partitions must be between 1 and 10000") }
    }

    func run() async throws {
        Program.bootstrap(level: logs.logLevel)
        let logger = Logger(label: "broker")
        let names = TopicNames(prefix: prefix)
        let cluster = try EmbeddedBroker.start(
            names: names, settings: TopicSettings(outboxPartitions: outboxPartitions), services: try service.map(RegistryCommand.party),
            logger: logger)
        print("bootstrap=\(cluster.bootstrap)")
        fflush(nil)
        if let bootstrapFile {
            try TextFile.write(cluster.bootstrap + "\n", to: bootstrapFile)
        }
        logger.notice("in-memory Kafka is up; it forgets everything at exit", metadata: ["bootstrap": "\(cluster.bootstrap)"])
        try await Program.run([UntilShutdown()], grace: .seconds(5), hangUp: .isIgnored, logger: logger)
        cluster.close()
    }
}
