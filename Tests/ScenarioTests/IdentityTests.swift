import Encoding
import Foundation
import Kafka
import Logging
import Support
import Testbed
import Testing
import Topics

@testable import Node

extension Scenarios {
    /// Processes of one node with different keys or secrets, as an operator sees them.
    @Suite(.serialized) struct IdentityTests {
        @Test(.timeLimit(.minutes(3))) func processesThatDisagreeAreRefusedOrTold() async throws {
            try await Broker.with { broker, prefix, programs, _ in
                try await play(try await TestNode(bootstrap: broker.bootstrap, prefix: prefix), programs)
            }
        }

        private func play(_ node: TestNode, _ programs: Programs) async throws {
            let none = try await RunningProgram.run(
                ["identity"], environment: try await TestNode(bootstrap: node.bootstrap, prefix: "none.").environment)
            #expect(none.status != 0 && none.text.contains("this command creates no topics"), "\(none.text)")

            let first = try start(node, programs, [:])
            try await eventually("it is ready: \(first.program.text)", within: .seconds(60)) {
                try await TestNode.isReady(port: first.port)
            }
            try await eventually("it misses itself in the registry: \(first.program.text)", within: .seconds(30)) {
                first.program.text.contains("ocn registry add-node \(TestNode.address) \(node.publicURL) --verbatim")
            }

            let stranger = try start(node, programs, ["OCN_NODE_SECRET": "another secret of the node"])
            #expect(await stranger.program.exitStatus() != 0)
            #expect(stranger.program.text.contains("node.secret is another one than that of this node's other processes"))
            let key = String(repeating: "1", count: 64)
            let foreign = try start(node, programs, ["OCN_NODE_KEY": key])
            #expect(await foreign.program.exitStatus() != 0)
            #expect(foreign.program.text.contains("node.key is another one"), "\(foreign.program.text)")
            let hasty = try start(
                node, programs, ["OCN_NODE_SECRET": "another secret of the node", "OCN_NODE_PREVIOUS_SECRETS": "a secret of the test node"])
            #expect(await hasty.program.exitStatus() != 0)
            #expect(hasty.program.text.contains("node.secret is new to processes of this node that run"), "\(hasty.program.text)")

            let added = try await RunningProgram.run(
                ["registry", "add-node", TestNode.address, node.publicURL, "--verbatim"], environment: node.environment)
            #expect(added.status == 0, "\(added.text)")
            try await eventually("it finds itself: \(first.program.text)") {
                first.program.text.contains("the registry lists this node now")
            }

            let other = try start(node, programs, ["OCN_NODE_URL": "http://127.0.0.1:1"])
            try await eventually("the difference is told: \(first.program.text)", within: .seconds(60)) {
                first.program.text.contains("node.url is \(node.publicURL) here and http://127.0.0.1:1 at")
            }
            let shown = try await RunningProgram.run(["identity", "--json"], environment: node.environment)
            let json = try JSONValue.parse(shown.text)
            #expect(json["operator"]?.string == TestNode.address && json["secret"]?.string == "current", "\(shown.text)")
            #expect(json["processes"]?.array?.count == 2, "\(shown.text)")
            let early = try await RunningProgram.run(
                ["identity", "replace"], environment: node.environment.merging(["OCN_NODE_KEY": key]) { $1 })
            #expect(early.status != 0 && early.text.contains("these processes run"), "\(early.text)")

            for process in [other, first] { #expect(await process.program.terminate() == 0) }
            let alone = try await RunningProgram.run(["identity"], environment: node.environment)
            #expect(alone.status == 0 && alone.text.contains("No process runs."), "who stops says so: \(alone.text)")
            let replaced = try await RunningProgram.run(
                ["identity", "replace"], environment: node.environment.merging(["OCN_NODE_KEY": key]) { $1 })
            #expect(replaced.status == 0, "\(replaced.text)")
        }

        private func start(
            _ node: TestNode, _ programs: Programs, _ changes: [String: String]
        ) throws -> (program: RunningProgram, port: Int) {
            let (publicPort, port) = try FreePorts.two()
            let environment = ["OCN_HTTP_PUBLIC_PORT": "\(publicPort)"].merging(changes) { $1 }
            let program = try programs.start(
                ["node", "--roles", "ingress", "--private-port", "\(port)"], environment: node.environment.merging(environment) { $1 })
            return (program, port)
        }
    }
}
