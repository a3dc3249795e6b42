import OCPI
import TestParties

/// All processes of the node under test.
package struct Fleet: Sendable {
    /// Where they run, in the order of ``roles``.
    package let places: [RolePlace]
    /// Which roles run, and how many of each.
    package let roles: [(name: String, count: Int)]
    private let caller: PartyCaller

    /// - Parameters:
    ///   - publicPorts: one for each ingress.
    ///   - privatePorts: as many as there are processes.
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

    /// Waits until every process says that it is ready.
    package func ready(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        for place in places {
            while await !isReady(place) {
                if let crash = place.crashes.first { throw TestbedFailure(crash) }
                guard ContinuousClock.now < deadline else { throw TestbedFailure("\(place.name) was not ready within \(limit)") }
                // Nothing announces it.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Whether a process is there and all of it works.
    package func isReady(_ place: RolePlace) async -> Bool {
        let answer = try? await caller.call(.get, place.privateURL + "/ready", within: .seconds(2))
        return answer?.status == 200
    }

    /// Stops them all at the same time and starts no others. What has stopped already stays as it is.
    package func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await place.stop() } }
        }
    }
}
