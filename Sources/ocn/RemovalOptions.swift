import ArgumentParser
import Directory
import Kafka
import Registry
import Topics

/// Whether a removal includes dependent entries.
struct RemovalOptions: ParsableArguments {
    @Flag(help: "Remove what depends on it too. Without this flag nothing is removed that others depend on.") var force = false
}
