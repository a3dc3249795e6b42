import NIOCore
import NIOPosix

/// All processes of the node under test.
struct Fleet: Sendable {
    let places: [RolePlace]
    private let caller: Caller

    /// Which roles run, and how many of each.
    static let roles = [("ingress", 2), ("exchange", 2), ("matcher", 2), ("push", 2), ("control", 1)]

    /// - Parameters:
    ///   - publicPorts: one for each ingress.
    ///   - privatePorts: as many as there are processes.
    init(
        program: String, publicPorts: [Int], privatePorts: [Int], environment: [String: String], log: LogFolder, caller: Caller
    ) throws {
        var free = privatePorts
        var places: [RolePlace] = []
        for (role, count) in Self.roles {
            for number in 1...count {
                guard let privatePort = free.popLast(), publicPorts.count >= count else { throw SoakFailure("too few free ports") }
                places.append(
                    RolePlace(
                        role, number: number, program: program, publicPort: role == "ingress" ? publicPorts[number - 1] : 0,
                        privatePort: privatePort, environment: environment, log: log))
            }
        }
        self.places = places
        self.caller = caller
    }

    /// Waits until every process says that it is ready.
    func ready(within limit: Duration) async throws {
        let deadline = ContinuousClock.now + limit
        for place in places {
            while await !isReady(place) {
                if let crash = place.crashes.first { throw SoakFailure(crash) }
                guard ContinuousClock.now < deadline else { throw SoakFailure("\(place.name) was not ready within \(limit)") }
                // Nothing announces it.
                try await Task.sleep(for: .milliseconds(100))
            }
        }
    }

    /// Whether a process is there and all of it works.
    func isReady(_ place: RolePlace) async -> Bool {
        let answer = try? await caller.call("GET", place.privateURL + "/ready", timeout: .seconds(2))
        return answer?.status == 200
    }

    /// Stops them all at the same time.
    func stop() async {
        await withTaskGroup(of: Void.self) { group in
            for place in places { group.addTask { await place.stop() } }
        }
    }
}

/// Ports for listeners that come and go.
enum FreePorts {
    /// Below the ports that systems give to outgoing connections: one of those could sit on the port of a process that is away.
    static let range = 20_000..<32_000

    /// Different ports that nobody listens on at the moment.
    static func find(_ count: Int) async throws -> [Int] {
        var found: [Int] = []
        for port in range.shuffled() where found.count < count {
            let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            guard let channel = try? await bootstrap.bind(host: "127.0.0.1", port: port).get() else { continue }
            try await channel.close()
            found.append(port)
        }
        guard found.count == count else {
            throw SoakFailure("no free ports on 127.0.0.1 between \(range.lowerBound) and \(range.upperBound)")
        }
        return found
    }
}

/// Why a run could not be carried out.
package struct SoakFailure: Error, CustomStringConvertible {
    /// What happened; never a token.
    package let description: String

    init(_ description: String) { self.description = description }
}
