import Foundation
import NIOCore
import NIOPosix
import Support
import Testing

@testable import Node

extension Scenarios {
    /// The start, failure and stop of processes as a supervisor sees them, whatever Kafka's state. Real processes and signals.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct StartAndStopTests {
        /// No process listens there.
        private static let nowhere = "127.0.0.1:1"

        @Test func probesAnswerWhileKafkaIsAwaitedAndSIGTERMEndsTheStartAtOnce() async throws {
            try await withNode(bootstrap: Self.nowhere) { program, port in
                try await eventually("the probes answer") {
                    (try? await TestNode.call("GET", "http://127.0.0.1:\(port)/health"))?.status == 200
                }
                let ready = try await TestNode.call("GET", "http://127.0.0.1:\(port)/ready")
                #expect(ready.status == 503 && ready.body.contains(#""name":"kafka","ready":false,"reason":"connecting""#))
                let admin = try await TestNode.call("GET", "http://127.0.0.1:\(port)/admin/platforms")
                #expect(admin.status == 503 && admin.body.contains("not yet connected"))
                let began = ContinuousClock.now
                #expect(await program.terminate() == 0, "\(program.text)")
                #expect(ContinuousClock.now - began < .seconds(10), "it would have waited 30 s for Kafka")
            }
        }

        @Test func aPortInUseIsToldWithTheSettingThatNamesIt() async throws {
            try await Broker.with(prefix: "ocn.") { broker, _, programs, _ in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: "ocn.")
                for (listener, port) in [("public", node.publicPort), ("private", node.privatePort)] {
                    let occupant = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .bind(host: "127.0.0.1", port: port).get()
                    let program = try programs.start(["node", "--private-port", "\(node.privatePort)"], environment: node.environment)
                    #expect(await program.exitStatus() == 1)
                    let last = program.text.split(separator: "\n").last.map(String.init) ?? ""
                    #expect(last.contains("http.\(listener).port") && last.contains(":\(port)") && last.contains("in use"), "\(last)")
                    try await occupant.close()
                }
            }
        }

        @Test func aNodeWhoseKafkaIsGoneRefusesAtOnceAndEndsInTimeWhenTold() async throws {
            try await Broker.with(prefix: "ocn.", isOwn: true) { broker, _, programs, _ in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: "ocn.")
                var environment = node.environment
                environment["OCN_NODE_SHUTDOWN_SECONDS"] = "25"
                let program = try programs.start(["node", "--private-port", "\(node.privatePort)"], environment: environment)
                try await eventually("the node is ready: \(program.text.suffix(2000))", within: .seconds(60)) {
                    try await TestNode.isReady(port: node.privatePort)
                }
                await broker.crash()
                try await eventually("the node knows", within: .seconds(30)) {
                    try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/ready").body.contains("no broker answers")
                }
                let began = ContinuousClock.now
                let refused = try await TestNode.call("PUT", node.publicURL + "/ocpi/receiver/2.2.1/sessions/DE/CPO/1", body: "{}")
                #expect(refused.status == 503 && refused.body.contains("4000"))
                #expect(ContinuousClock.now - began < .seconds(5), "a request's time is 30 s")
                let told = ContinuousClock.now
                #expect(await program.terminate() == 0, "\(program.text.suffix(3000))")
                #expect(ContinuousClock.now - told < .seconds(26))
                let lines = program.text.split(separator: "\n")
                #expect(lines.count { $0.contains("Kafka does not answer") } == 1, "told once, not by every client and each second")
                #expect(lines.count { $0.contains("ocn.state") } <= 2)
            }
        }

        private func withNode(bootstrap: String, _ body: (RunningProgram, Int) async throws -> Void) async throws {
            let programs = Programs()
            let node = try await TestNode(bootstrap: bootstrap, prefix: "ocn.")
            let program = try programs.start(["node", "--private-port", "\(node.privatePort)"], environment: node.environment)
            do { try await body(program, node.privatePort) } catch {
                await programs.terminate()
                throw error
            }
            await programs.terminate()
        }
    }
}
