import Registry
import ServiceLifecycle

/// Reads the registry file until it is valid once, whether or not this process leads: without a usable file the process must not be ready.
/// Afterwards the leader reads it, and an invalid file changes nothing.
struct RegistryReloader: Service {
    let publisher: RegistryPublisher
    var interval = Duration.seconds(2)

    /// Name of the check at `/ready`.
    static let check = "registry"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, await !publisher.check() { try? await Task.sleep(for: interval) }
        }
        // A service that returns would end its group.
        try? await gracefulShutdown()
    }
}
