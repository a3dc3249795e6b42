import Encoding
import Glibc
import Kafka
import ServiceLifecycle

/// A service that only waits for shutdown.
struct UntilShutdown: Service {
    func run() async throws { try await gracefulShutdown() }
}
