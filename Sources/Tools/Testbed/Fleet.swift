import OCPI
import TestParties

/// All processes of the node under test.
package struct Fleet: Sendable {
    /// The processes, in the order of ``roles``.
    package let places: [RolePlace]
    /// The roles, and the number of processes of each.
    package let roles: [(name: String, count: Int)]
    private let caller: PartyCaller

    /// - Parameters:
    ///   - publicPorts: one for each ingress process.
    ///   - privatePorts: one for each process.
    init(
        _ roles: [(name: String, count: Int)], program: String, publicPorts: [Int], privatePorts: [Int], environment: [String: String],
        log: LogFolder, caller: PartyCaller
    ) throws {
        var free = privatePorts
        var places: [RolePlace] = []
        for (role, count) in roles {
            for number in 1...count {
                guard let privatePort = free.popLast(), !RolePlace.isPublic(role) || publicPorts.count >= count else {
                    throw TestbedFailure("too few free ports")
                }
                places.append(
                    RolePlace(
                        role, number: number, program: program, publicPort: RolePlace.isPublic(role) ? publicPorts[number - 1] : 0,
                        privatePort: privatePort, environment: environment, log: log))
            }
        }
        self.places = places
        self.roles = roles
        self.caller = caller
    }

    /// Waits until every process is ready.
    package func ready(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        for place in places {
            while await !isReady(place) {
                if let crash = place.crashes.first { throw TestbedFailure(crash) }
                guard ContinuousClock.now < deadline else { throw TestbedFailure("\(place.name) was not ready within \(limit)") }
                // There is no event for this, so it is polled.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Whether a process runs and is ready.
    package func isReady(_ place: RolePlace) async -> Bool {
        let answer = try? await caller.call(.get, place.privateURL + "/ready", within: .seconds(2))
        return answer?.status == 200
    }

    /// Stops all processes in parallel and starts no others. Processes that have already stopped are not affected.
    package func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await place.stop() } }
        }
    }
}
