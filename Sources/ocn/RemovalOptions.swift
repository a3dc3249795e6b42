import ArgumentParser
import Directory
import Kafka
import Registry
import Topics

/// What else a removal takes away.
struct RemovalOptions: ParsableArguments {
    @Flag(help: "Remove what depends on it too. Without this flag nothing is removed that others depend on.") var force = false
}
