import Encoding
import Glibc
import Kafka
import ServiceLifecycle

/// A service that only waits for the signal to stop.
struct UntilShutdown: Service {
    func run() async throws { try await gracefulShutdown() }
}
