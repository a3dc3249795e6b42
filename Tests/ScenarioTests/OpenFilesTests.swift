import Foundation
import NIOCore
import Support
import Testing

@testable import Node

extension Scenarios {
    /// A process with a low limit of open files.
    @Suite(.serialized) struct OpenFilesTests {
        @Test(.timeLimit(.minutes(2))) func openConnectionsDoNotStopTheProbe() async throws {
            try await Broker.with { broker, prefix, programs, _ in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
                try await crowd(node, try await programs.startNode(node, openFiles: 256))
            }
        }

        private func crowd(_ node: TestNode, _ process: RunningProgram) async throws {
            var strangers: [RawConnection] = []
            for _ in 0..<250 {
                let stranger = try await RawConnection(port: node.publicPort)
                try await stranger.send("GET /ocpi")
                strangers.append(stranger)
            }
            let ready = try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/ready", within: .seconds(5))
            #expect(ready.status == 200)
            let metrics = try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/metrics").body
            #expect(metrics.contains("\nocn_http_connections_limit{listener=\"public\"} "), "\(metrics)")
            let reached = metrics.split(separator: "\n").filter {
                $0.hasPrefix("ocn_http_connection_limit_reached_total{") && $0.contains("listener=\"public\"") && !$0.hasSuffix(" 0")
            }
            #expect(!reached.isEmpty, "\(metrics)")
            #expect(process.text.contains("too many connections"), "\(process.text.suffix(2000))")
            for stranger in strangers { await stranger.close() }
        }

        @Test func tooFewFilesAreRefusedInWords() async throws {
            let environment = try await TestNode(bootstrap: "127.0.0.1:1", prefix: "t.").environment
            let program = try RunningProgram(["node", "--private-port", "0"], environment: environment, openFiles: 100)
            #expect(await program.exitStatus() != 0)
            #expect(program.text.contains("this process may have only 100 files open (ulimit -n)"), "\(program.text)")
        }
    }
}
