import ArgumentParser
import Encoding
import Glibc
import Kafka
import Logging
import OCPI
import ServiceLifecycle
import Topics

/// A service that only waits for the signal to stop.
struct UntilShutdown: Service {
    func run() async throws { try await gracefulShutdown() }
}
