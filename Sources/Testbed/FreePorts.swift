import NIOCore
import NIOPosix

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
            throw TestbedFailure("no free ports on 127.0.0.1 between \(range.lowerBound) and \(range.upperBound)")
        }
        return found
    }
}
