import Foundation
import Glibc
import Support
import Testing

@testable import Node

/// Names that are no setting.
@Suite struct UnknownSettingsTests {
    private typealias Text = ConfigurationText

    @Test(arguments: [
        ("node.urll: x", "node.urll; did you mean node.url?"),
        ("node.sigantures: true", "node.sigantures; did you mean node.signatures?"),
        ("push: { horizon_hour: 1 }", "push.horizon_hour; did you mean push.horizon_hours?"),
        ("kafak: { bootstrap: x, prefix: y }", "kafak; did you mean kafka?"),
        ("http.port: 80", "http.port; did you mean http.private.port or http.public.port?"),
        ("horizon_hours: 1", "horizon_hours; did you mean push.horizon_hours?"),
        ("telemetry: { level: debug }", "telemetry; `ocn config list` shows all"),
        ("<<: { a: b }", "a key that is no name; `ocn config list` shows all"),
    ])
    func keysOfAFile(line: String, problem: String) {
        #expect(Text.problems(line) == ["there is no setting for \(problem) (node.yaml, line 3)"])
    }

    @Test(arguments: [
        ("kafka: { properties: sasl.username=ocn, sasl.password=hidden }", "kafka.sasl.password…"),
        ("kafka: { properties: sasl.username=ocn, \"\\e[2J=hidden\": 1 }", "a key that is no name"),
        ("node: { secret hidden }", "node.secret…"), ("node:\n  secret:\n  ? hidden", "a key that is no name"),
        ("node: { key: , \(ConfigurationText.key): 1 }", "a key that is no name"), ("hidden:", "a key that is no name"),
    ])
    func keysThatMayBeValuesAreNotShown(file: String, shown: String) {
        let problems = SettingValues((try? [SettingSource.yaml(file, path: "node.yaml")]) ?? []).problems
        #expect(problems.contains { $0.text.hasPrefix("there is no setting for \(shown)") }, "\(problems)")
        let text = "\(problems) \(problems.compactMap(\.key))"
        #expect(!text.contains("hidden") && !text.contains(ConfigurationText.key.prefix(16)), "\(text)")
    }

    @Test func ofManyUnknownKeysTheFirstAreNamedAndTheRestCounted() throws {
        let keys = (0..<10_000).map { "unknwon_\($0): 1" }.joined(separator: "\n")
        let problems = Text.problems(file: keys)
        #expect(problems.count == 21)
        #expect(problems.first == "there is no setting for unknwon_0; `ocn config list` shows all (node.yaml, line 1)")
        #expect(problems.last == "there is no setting for 9980 more, of which this is the first (node.yaml, line 21)")
        let variables = Dictionary(uniqueKeysWithValues: (0..<30).map { ("OCN_UNKNWON_\($0)", "hidden") })
        #expect(SettingSource.environment(variables).problems.count == 21)
    }

    @Test func namesOfVariablesAreCut() {
        #expect(
            Text.problems(environment: ["OCN_KAFKA sasl.password hidden": "", "OCN_" + ConfigurationText.key: ""]) == [
                "there is no setting for environment variable OCN_…; `ocn config list` shows all",
                "there is no setting for environment variable OCN_KAFKA…; `ocn config list` shows all",
            ])
    }

    @Test(arguments: [
        ("OCN_NODE_URI", "OCN_NODE_URI; did you mean OCN_NODE_URL?"),
        ("OCN_node_name", "OCN_node_name; did you mean OCN_NODE_NAME?"),
        ("OCN_PORT", "OCN_PORT; did you mean OCN_HTTP_PRIVATE_PORT or OCN_HTTP_PUBLIC_PORT?"),
        ("OCN_KAFKA_SASL_PASSWORD", "OCN_KAFKA_SASL_PASSWORD; `ocn config list` shows all"),
    ])
    func variablesOfThisProgram(variable: String, problem: String) {
        #expect(Text.problems(environment: [variable: "hidden"]) == ["there is no setting for environment variable \(problem)"])
    }

    @Test(arguments: [
        ("PATH", "/bin"), ("OCN_TEST_KAFKA", "127.0.0.1:9092"), ("OCN_TEST_LOG", "1"), ("OCN_RELAY_ROOT", "/src"),
        // Variables of a Kubernetes service called `ocn-node` or `ocn-http-admin`.
        ("OCN_NODE_SERVICE_HOST", "10.0.0.1"), ("OCN_NODE_SERVICE_PORT", "8080"), ("OCN_NODE_SERVICE_PORT_HTTP", "8080"),
        ("OCN_NODE_PORT", "tcp://10.0.0.1:8080"), ("OCN_NODE_PORT_8080_TCP", "tcp://10.0.0.1:8080"),
        ("OCN_NODE_PORT_8080_TCP_ADDR", "10.0.0.1"), ("OCN_HTTP_ADMIN_PORT_53_UDP_PROTO", "udp"),
    ])
    func variablesOfOthersAreLeftAlone(variable: String, value: String) {
        #expect(Text.problems(environment: [variable: value]) == [])
    }

    @Test(arguments: [
        ("", "the configuration file node.yaml is empty; it must hold sections (node:, http:, …) like Config/node.yaml"),
        ("# nothing\n", "the configuration file node.yaml is empty; it must hold sections (node:, http:, …) like Config/node.yaml"),
        ("---\n", "the configuration file node.yaml is empty; it must hold sections (node:, http:, …) like Config/node.yaml"),
        ("- node: x", "the configuration file node.yaml must hold sections (node:, http:, …), not a list"),
        ("hidden", "the configuration file node.yaml must hold sections (node:, http:, …), not a text"),
        ("node:\n  secret: hidden\n  name: x\n  secret: hidden", "'secret' stands more than once in its section (node.yaml, line 2)"),
        ("node.name: a\nnode:\n  name: b", "node.name stands there more than once (node.yaml, line 3)"),
        ("node:\n  secret: \"hidden", "this is not valid YAML: found unexpected end of stream (node.yaml, line 2)"),
        ("node:\n\tsecret: hidden", "this is not valid YAML: found character that cannot start any token (node.yaml, line 2)"),
        ("a: 1\n---\nb: 1", "this is not valid YAML: but found another document (node.yaml, line 2)"),
        ("kafka: hidden", "kafka is a section: its settings stand below it, indented (node.yaml, line 1)"),
        ("http: { public: [hidden] }", "http.public is a section: its settings stand below it, indented (node.yaml, line 1)"),
        ("[a, b]: c", "a key must be a text (node.yaml, line 1)"),
        ("{ secret hidden: 1, secret hidden: 2 }", "'secret…' stands more than once in its section (node.yaml, line 1)"),
        (
            "node:\n  secret: !hidden",
            "what begins with ! must be quoted: it would be an explicit tag of YAML, which is not supported here (node.yaml, line 2)"
        ),
        (
            "node:\n  secret: &hidden",
            "what begins with & must be quoted: it would be an anchor of YAML, which is not supported here (node.yaml, line 2)"
        ),
        (
            "node:\n  secret: *hidden",
            "what begins with * must be quoted: it would be an alias of YAML, which is not supported here (node.yaml, line 2)"
        ),
    ])
    func filesThatAreNone(text: String, problem: String) {
        #expect(Text.problems(file: text) == [problem])
    }

    @Test func keysOfTheProgramItself() {
        let source = SettingSource.program(["node.nam": "x", "node.name": "y"])
        #expect(source.problems.map(\.description) == ["there is no setting for node.nam; did you mean node.name? (this program)"])
        #expect(NodeConfiguration.flags(roles: "push", bootstrap: "kafka", port: "1", privatePort: "2").problems == [])
        #expect(NodeConfiguration.flags(roles: "push", bootstrap: "kafka", port: "1", privatePort: "2").values.count == 4)
    }

    @Test func aSectionMayBeEmpty() {
        #expect(Text.problems("hub:\n  # list_limit: 10\nhttp.public: ~\n") == [])
    }

    @Test(.timeLimit(.minutes(5))) func aliasesOfAliasesCostNothing() {
        var file = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            file += "a\(level): &a\(level) [\(Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", "))]\n"
        }
        let problems = Text.problems(file: file + "? *a8 : x\n")
        #expect(problems.count == 2 && problems.first?.hasSuffix("(node.yaml, line 1)") == true, "\(problems)")
        #expect(problems.last?.contains("would be an alias") == true && problems.last?.hasSuffix("(node.yaml, line 2)") == true)
    }

    @Test func aByteOrderMarkBeginsNoKey() async throws {
        try await withTemporaryFolder { folder in
            let file = folder.appending(path: "node.yaml")
            try Data(("\u{FEFF}" + Text.complete).utf8).write(to: file)
            #expect(try SettingSource.file(file.path).problems == [])
        }
    }

    @Test(.timeLimit(.minutes(5))) func aPipeIsNoConfigurationFile() async throws {
        try await withTemporaryFolder { folder in
            let path = folder.appending(path: "node.yaml").path
            #expect(mkfifo(path, 0o600) == 0)
            #expect {
                try NodeConfiguration.load(path: path)
            } throws: {
                "\($0)" == "configuration file: cannot read \(path): it is no regular file"
            }
        }
    }

    @Test func aFileThatCannotBeReadSaysWhy() {
        #expect {
            try NodeConfiguration.load(path: "/nonexistent/node.yaml")
        } throws: {
            "\($0)" == "configuration file: cannot read /nonexistent/node.yaml: No such file or directory"
        }
        #expect {
            try NodeConfiguration.load(path: "/")
        } throws: {
            "\($0)" == "configuration file: cannot read /: Is a directory"
        }
    }
}
