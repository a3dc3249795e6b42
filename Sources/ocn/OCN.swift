import ArgumentParser
import Glibc
import Telemetry

/// The `ocn` program.
@main
struct OCN: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ocn",
        abstract: "An Open Charging Network node built as a forwarding pipeline on Apache Kafka.",
        discussion: """
            Start with `ocn demo`: two nodes, two charge point operators, a mobility provider and a billing service on this machine, \
            with nothing to install. `ocn node` runs a node, or some of its roles, against a Kafka cluster.
            """,
        version: Program.version,
        subcommands: [
            NodeCommand.self, ConfigCommand.self, RegistryCommand.self, OutboxCommand.self, DeadCommand.self, StoreCommand.self,
            IdentityCommand.self, BrokerCommand.self, DemoCommand.self, ConformanceCommand.self, SoakCommand.self, FuzzCommand.self,
            BenchCommand.self, MetricsCommand.self,
        ])

    static func main() async {
        // A write to a connection that its peer has closed must be an error, not a signal that ends the process.
        signal(SIGPIPE, SIG_IGN)
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            LogOutput.flush()
            exit(withError: error)
        }
        LogOutput.flush()
        fflush(nil)
        // Not `exit`: what it cleans up may still be in use by a Kafka client that could not be closed (see `ClientHandle.destroy`).
        _exit(EXIT_SUCCESS)
    }
}
