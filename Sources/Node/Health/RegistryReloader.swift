import Registry
import ServiceLifecycle

/// Reads the registry file until it makes sense for the first time, whether or not this process leads: with a file that it cannot use it
/// must not count as ready. Afterwards the leader reads it, and a file that breaks changes nothing.
struct RegistryReloader: Service {
    let publisher: RegistryPublisher
    var interval = Duration.seconds(2)

    /// The check's name at `/ready`.
    static let check = "registry"

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled, await !publisher.check() { try? await Task.sleep(for: interval) }
        }
        // A service that returns ends its group.
        try? await gracefulShutdown()
    }
}
