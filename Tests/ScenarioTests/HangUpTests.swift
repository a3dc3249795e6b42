import Foundation
import Support
import Testing

extension Scenarios {
    /// The effect of SIGHUP, sent when a terminal closes.
    @Suite(.serialized, .timeLimit(.minutes(3))) struct HangUpTests {
        /// A signal that is ignored here would also be ignored by the programs.
        init() { signal(SIGHUP, SIG_DFL) }

        @Test func aNodeLivesOn() async throws {
            try await Broker.with(prefix: "ocn.") { broker, _, programs, _ in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: "ocn.")
                let program = try await programs.startNode(node)
                kill(program.processIdentifier, SIGHUP)
                // A process that the signal kills does not answer ten times.
                for _ in 0..<10 { #expect(try await TestNode.isReady(port: node.privatePort)) }
                #expect(program.isRunning && !program.text.contains("signal received"), "\(program.text.suffix(1000))")
            }
        }

        @Test func aRunWithProcessesOfItsOwnEndsWithThem() async throws {
            let program = try RunningProgram(["soak", "--seconds", "600"])
            try await eventually("it has children: \(program.text)") { !Self.children(of: program.processIdentifier).isEmpty }
            let children = Self.children(of: program.processIdentifier)
            kill(program.processIdentifier, SIGHUP)
            #expect(await program.exitStatus() == 130, "\(program.text)")
            #expect(children.allSatisfy { !Self.isAlive($0) })
        }

        @Test func whatWasStartedToOutliveItsTerminalDoes() async throws {
            signal(SIGHUP, SIG_IGN)
            defer { signal(SIGHUP, SIG_DFL) }
            let program = try RunningProgram(["soak", "--seconds", "600"])
            try await eventually("it has children: \(program.text)") { !Self.children(of: program.processIdentifier).isEmpty }
            kill(program.processIdentifier, SIGHUP)
            let before = Self.children(of: program.processIdentifier)
            try await eventually("it goes on: \(program.text)", within: .seconds(60)) {
                Self.children(of: program.processIdentifier).count > before.count || program.text.contains("processes")
            }
            #expect(program.isRunning)
            #expect(await program.terminate() == 130)
        }

        private static func children(of parent: Int32) -> [Int32] {
            let numbers = (try? FileManager.default.contentsOfDirectory(atPath: "/proc"))?.compactMap { Int32($0) } ?? []
            return numbers.filter { number in
                guard let stat = try? String(contentsOfFile: "/proc/\(number)/stat", encoding: .utf8) else { return false }
                // The preceding field, the name, may contain anything.
                return stat[(stat.lastIndex(of: ")") ?? stat.startIndex)...].split(separator: " ").dropFirst(2).first.flatMap { Int32($0) }
                    == parent
            }
        }

        private static func isAlive(_ number: Int32) -> Bool { kill(number, 0) == 0 }
    }
}
