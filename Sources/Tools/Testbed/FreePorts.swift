import NIOCore
import NIOPosix

/// Ports for listeners that come and go.
package enum FreePorts {
    /// Below the ports that systems give to outgoing connections: one of those could sit on the port of a process that is away, or
    /// take a port between the moment when it was found and the moment when its listener opens it.
    static let range = 20_000..<32_000

    /// Different ports of 127.0.0.1 that nobody listens on at the moment. Blocks for as long as it takes to open them once.
    package static func find(_ count: Int) throws -> [Int] {
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        var found: [Int] = []
        for port in range.shuffled() {
            if found.count == count { return found }
            guard let channel = try? bootstrap.bind(host: "127.0.0.1", port: port).wait() else { continue }
            try channel.close().wait()
            found.append(port)
        }
        throw TestbedFailure("no free ports on 127.0.0.1 between \(range.lowerBound) and \(range.upperBound)")
    }

    /// One of them.
    package static func one() throws -> Int { try find(1)[0] }

    /// Two different ones.
    package static func two() throws -> (Int, Int) {
        let ports = try find(2)
        return (ports[0], ports[1])
    }
}
