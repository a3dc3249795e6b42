import ServiceLifecycle

/// Services that start and stop in parallel, so that a slow shutdown of one delays no other.
struct ConcurrentServices: Service {
    /// A service ended without being stopped.
    struct Ended: Error, CustomStringConvertible {
        let description: String
    }

    let services: [any Service]

    func run() async throws {
        try await withThrowingTaskGroup(of: String.self) { group in
            for service in services {
                group.addTask {
                    try await service.run()
                    return "\(type(of: service))"
                }
            }
            for try await name in group where !Task.isShuttingDownGracefully && !Task.isCancelled {
                throw Ended(description: "\(name) ended by itself")
            }
        }
    }
}
