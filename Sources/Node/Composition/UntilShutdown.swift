import ServiceLifecycle

/// A service that only waits for the signal to stop.
package struct UntilShutdown: Service {
    /// Waits for nothing yet.
    package init() {}

    /// Waits until told to stop.
    package func run() async throws { try await gracefulShutdown() }
}
