import Foundation
import Support
import Testing

@testable import Node

extension Scenarios {
    /// A node whose registry is a file that an operator edits.
    @Suite(.serialized) struct RegistryFileNodeTests {
        private static let good = """
            nodes: [{ operator: "\(TestNode.address)", url: "https://n.example" }]
            parties: [{ party: DE-CPO, roles: [CPO], operator: "\(TestNode.address)" }]
            """
        private static let bad = good.replacing("parties:", with: "partys:")

        @Test(.timeLimit(.minutes(3))) func aBrokenFileStopsReadinessAtTheStartAndOnlyThere() async throws {
            try await Broker.with { broker, prefix, programs, folder in
                try await edit(folder.appendingPathComponent("registry.yaml"), broker, prefix, programs)
            }
        }

        private func edit(_ file: URL, _ broker: Broker, _ prefix: String, _ programs: Programs) async throws {
            func write(_ yaml: String) throws { try yaml.write(to: file, atomically: true, encoding: .utf8) }
            let node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
            let environment = node.environment.merging(["OCN_REGISTRY_SOURCE": "file", "OCN_REGISTRY_FILE": file.path]) { $1 }
            func registry(_ arguments: String...) async throws -> (status: Int32, text: String) {
                try await RunningProgram.run(["registry"] + arguments, environment: environment)
            }

            try write(Self.bad)
            let problem = "\(file.path):2: partys is unknown; did you mean parties?"
            let check = try await registry("check", file.path)
            #expect(check.status == 1 && check.text == problem + "\n", "\(check.text)")

            let program = try programs.start(
                ["node", "--roles", "control", "--private-port", "\(node.privatePort)"], environment: environment)
            let ready = "http://127.0.0.1:\(node.privatePort)/ready"
            try await eventually("the check says what is wrong: \(program.text)", within: .seconds(60)) {
                guard let answer = try? await TestNode.call("GET", ready) else { return false }
                return answer.status == 503 && answer.body.contains(#""name":"registry","ready":false,"reason":"\#(problem)""#)
            }
            // The leader tries again repeatedly, without further log lines.
            try await failures(atLeast: 2, node, program)
            #expect(program.isRunning && told(program) == 1, "\(program.text)")
            let before = try await registry("list")
            #expect(before.status == 0 && before.text.contains("The registry is empty"), "\(before.text)")
            #expect(before.text.contains("note: this node's registry is the file \(file.path)") && before.text.contains("cannot be used"))

            try write(Self.good)
            try await eventually("it is ready: \(program.text)", within: .seconds(60)) {
                try await TestNode.isReady(port: node.privatePort)
            }
            try await eventually("the file is published: \(program.text)", within: .seconds(60)) {
                let list = try await registry("list")
                return list.status == 0 && list.text.contains("party      DE-CPO  CPO  at \(TestNode.address)  (file)")
            }
            let good = try await registry("check", file.path)
            #expect(good.status == 0 && good.text.contains("1 node, 1 party, 0 services, 0 agreements; nothing is wrong"), "\(good.text)")

            try write(Self.bad)
            try await eventually("the broken file is told: \(program.text)", within: .seconds(60)) { told(program) == 2 }
            #expect(program.text.contains("what was published before stays in force"))
            #expect(try await TestNode.isReady(port: node.privatePort), "what was published is in force")
            let after = try await registry("list")
            #expect(after.status == 0 && after.text.contains("DE-CPO"), "\(after.text)")

            let refused = try await registry("add-party", "NL-MSP", TestNode.address, "--role", "EMSP")
            #expect(refused.status == 1 && refused.text.contains("edit that file instead. Nothing was changed."), "\(refused.text)")
            #expect(await program.terminate() == 0)
        }

        private func told(_ program: RunningProgram) -> Int { program.text.split(separator: "the registry is refused").count - 1 }

        private func failures(atLeast count: Int, _ node: TestNode, _ program: RunningProgram) async throws {
            let metric = #"ocn_control_failures_total{duty="registry"} "#
            try await eventually("the duty has failed \(count) times: \(program.text)", within: .seconds(60)) {
                let text = try await TestNode.call("GET", "http://127.0.0.1:\(node.privatePort)/metrics").body
                let line = text.split(separator: "\n").first { $0.hasPrefix(metric) }
                return line.flatMap { Double($0.dropFirst(metric.count)) } ?? 0 >= Double(count)
            }
        }
    }

    /// The output of the registry commands for a registry in `ocn.state`.
    @Suite(.serialized) struct RegistryCommandTests {
        @Test(.timeLimit(.minutes(3))) func ordersThatMakeNoSenseChangeNothingAndTheOthersSayWhatChanged() async throws {
            try await Broker.with { broker, prefix, _, _ in
                let node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
                try await order(node)
                try await askOutboxes(node)
            }
        }

        private func order(_ node: TestNode) async throws {
            let us = TestNode.address
            for (arguments, status, text) in [
                (["list"], 0, "The registry is empty."),
                // A new real cluster has no topics yet; the first node creates them.
                (
                    ["add-party", "DE-CPO", us, "--role", "CPOX"], 1,
                    TestKafka.realCluster == nil ? "did you mean CPO?\n       no node of operator" : "this command creates no topics"
                ),
                (["add-node", us, "https://n.example"], 0, "node \(us) is added, at https://n.example"),
                (["add-node", us, "https://n.example"], 0, "node \(us) stands so already: nothing was changed"),
                (["add-node", us, "https://m.example"], 0, #"is changed: url was "https://n.example", is "https://m.example""#),
                (["add-party", "DE-CPO", us, "--role", "CPOX"], 1, "did you mean CPO?"),
                (
                    ["add-party", "DE-CPO", us], 1,
                    "DE-CPO needs at least one role: CPO, EMSP, HUB, NAP, NSP, OTHER, SCSP. Nothing was changed."
                ),
                (["add-party", "DE-CPO", us, "--role", "CPO"], 0, "party DE-CPO is added: CPO, at the node of \(us)"),
                (["add-service", "DE-BIL", "--permission", "8"], 1, "DE-BIL is not listed as a party"),
                (["add-party", "DE-BIL", us, "--role", "OTHER"], 0, "party DE-BIL is added"),
                (["add-service", "DE-BIL", "--permission", "8"], 0, "service of DE-BIL is published: permissions 8, delivery push"),
                (["agree", "DE-CPO", "DE-BIL"], 0, "DE-BIL receives copies of what DE-CPO sends from now on"),
                (["agree", "DE-CPO", "DE-BIL"], 0, "nothing was changed"),
                (
                    ["remove-service", "DE-BIL"], 1,
                    "service of DE-BIL is needed by:\n  agreement of DE-CPO with DE-BIL\nNothing was changed."
                ),
                (["remove-service", "FR-XXX"], 1, "FR-XXX offers no service. Nothing was changed."),
                (["remove-party", "DE-CPO", "--force"], 0, "party DE-CPO is removed, and with it:\n  agreement of DE-CPO with DE-BIL"),
                (["list"], 0, "service    DE-BIL"),
            ] as [([String], Int32, String)] {
                let found = try await RunningProgram.run(["registry"] + arguments, environment: node.environment)
                #expect(found.status == status && found.text.contains(text), "registry \(arguments): \(found)")
            }
        }

        private func askOutboxes(_ node: TestNode) async throws {
            for (arguments, status, text) in [
                (["outbox"], 0, TestKafka.realCluster == nil ? "unknown" : "no worker"),
                (["outbox", "pause", "DE-BIL"], 0, "the outbox of DE-BIL is paused"),
                (["outbox", "pause", "DE-BIL"], 0, "is paused already: nothing was changed"),
                (["dead", "list"], 0, "There are no dead letters."),
                (["dead", "discard", "--id", "nobody"], 1, "there is no dead letter of copy 'nobody'. Nothing was discarded."),
                (["dead", "replay", "--id", "nobody", "--dry-run"], 1, "Nothing was replayed."),
                (["dead", "replay", "--all"], 0, "Nothing was replayed. There are no dead letters."),
                (["store", "remove", "--recipient", "DE-CPO", "--module", "tokens", "--method", "PUT"], 1, "nothing was changed"),
            ] as [([String], Int32, String)] {
                let found = try await RunningProgram.run(arguments, environment: node.environment)
                #expect(found.status == status && found.text.contains(text), "\(arguments): \(found)")
            }
        }
    }
}
