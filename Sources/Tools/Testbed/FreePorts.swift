import NIOCore
import NIOPosix

/// Finds ports for listeners that are stopped and started again.
package enum FreePorts {
    /// Below the system's range for outgoing connections: a connection could otherwise use the port of a stopped process, or take a port
    /// between its discovery and its use.
    static let range = 20_000..<32_000

    /// Different ports of 127.0.0.1 that are currently unused. Blocks while it opens each once.
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

    /// One unused port.
    package static func one() throws -> Int { try find(1)[0] }

    /// Two different unused ports.
    package static func two() throws -> (Int, Int) {
        let ports = try find(2)
        return (ports[0], ports[1])
    }
}
