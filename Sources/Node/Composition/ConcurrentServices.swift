import ServiceLifecycle

/// Services that start and stop side by side: what one waits for on the way down delays no other.
struct ConcurrentServices: Service {
    /// A service that ended though nobody asked it to.
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
