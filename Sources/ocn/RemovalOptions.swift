import ArgumentParser
import Directory
import Encoding
import Kafka
import Logging
import OCPI
import Registry
import Topics

/// What else a removal takes away.
struct RemovalOptions: ParsableArguments {
    @Flag(help: "Remove what depends on it too. Without this flag nothing is removed that others depend on.") var force = false
}
