import Notary
import Support
import Testing

@testable import Node

/// The public key and secrets of this project's example files.
@Suite struct ExampleSecretsTests {
    private typealias Text = ConfigurationText

    /// A configuration with all example values, on loopback except for `more`, which takes precedence.
    private func problems(_ more: [String: String] = [:]) -> [String] {
        let examples = [
            "OCN_NODE_URL": "http://127.0.0.1:8080", "OCN_NODE_KEY": ExampleSecrets.key, "OCN_NODE_SECRET": ExampleSecrets.text,
            "OCN_NODE_ADMIN_KEY": ExampleSecrets.text, "OCN_HTTP_PUBLIC_HOST": "127.0.0.1", "OCN_KAFKA_BOOTSTRAP": "localhost:9092",
        ]
        do {
            _ = try NodeConfiguration([.environment(examples.merging(more) { $1 })])
            return []
        } catch {
            return error.problems.map(\.description)
        }
    }

    @Test(
        arguments: [
            [:], ["OCN_HTTP_PUBLIC_HOST": "localhost"], ["OCN_HTTP_PUBLIC_HOST": "::1"], ["OCN_HTTP_PRIVATE_HOST": "127.9.9.9"],
            ["OCN_NODE_URL": "http://[::1]:8080"], ["OCN_NODE_URL": "http://LOCALHOST"], ["OCN_NODE_PREVIOUS_SECRETS": ExampleSecrets.text],
            ["OCN_KAFKA_BOOTSTRAP": "127.0.0.1:1,[::1]:2,PLAINTEXT://localhost:3"],
            // No process listens there.
            ["OCN_NODE_ROLES": "push", "OCN_HTTP_PUBLIC_HOST": "0.0.0.0"],
        ] as [[String: String]])
    func onLoopbackTheyAreGoodEnough(more: [String: String]) {
        #expect(problems(more) == [])
    }

    @Test(arguments: [
        ("OCN_NODE_URL", "https://ocn.example", "node.url is not on loopback"),
        ("OCN_NODE_URL", "http://127.0.0.1.example", "node.url is not on loopback"),
        ("OCN_HTTP_PUBLIC_HOST", "0.0.0.0", "http.public.host is not a loopback address"),
        ("OCN_HTTP_PUBLIC_HOST", "::", "http.public.host is not a loopback address"),
        ("OCN_HTTP_PUBLIC_HOST", "10.0.0.1", "http.public.host is not a loopback address"),
        ("OCN_HTTP_PUBLIC_HOST", "node", "http.public.host is not a loopback address"),
        ("OCN_HTTP_PRIVATE_HOST", "0.0.0.0", "http.private.host is not a loopback address"),
        ("OCN_KAFKA_BOOTSTRAP", "kafka:9092", "kafka.bootstrap is not on loopback"),
        ("OCN_KAFKA_BOOTSTRAP", "127.0.0.1:9092,10.0.0.2:9092", "kafka.bootstrap is not on loopback"),
    ])
    func wherePeopleReachTheNodeEachOfThemIsRefused(variable: String, value: String, reason: String) {
        let refusal = "must not be the example of this project's files, which everybody knows: \(reason). Make your own with"
        #expect(
            problems([variable: value]) == [
                "node.key \(refusal) `openssl rand -hex 32` (environment variable OCN_NODE_KEY)",
                "node.secret \(refusal) `openssl rand -base64 32` (environment variable OCN_NODE_SECRET)",
                "node.admin_key \(refusal) `openssl rand -base64 32` (environment variable OCN_NODE_ADMIN_KEY)",
            ])
        let own = [variable: value, "OCN_NODE_KEY": Text.key, "OCN_NODE_SECRET": Text.secret, "OCN_NODE_ADMIN_KEY": "another-key-of-mine"]
        #expect(problems(own) == [])
    }

    @Test func anotherWayOfWritingThemIsNoOtherSecret() {
        let written = [
            "OCN_HTTP_PUBLIC_HOST": "0.0.0.0", "OCN_NODE_KEY": "0x" + ExampleSecrets.key.uppercased(),
            "OCN_NODE_SECRET": " Change-Me-Before-Production", "OCN_NODE_ADMIN_KEY": "CHANGE-ME-BEFORE-PRODUCTION",
        ]
        #expect(problems(written).count == 3)
    }

    @Test func asAnEarlierSecretItWouldOpenEverythingAsWell() {
        let problems = problems([
            "OCN_HTTP_PUBLIC_HOST": "0.0.0.0", "OCN_NODE_KEY": Text.key, "OCN_NODE_SECRET": Text.secret,
            "OCN_NODE_ADMIN_KEY": "another-key-of-mine", "OCN_NODE_PREVIOUS_SECRETS": "a secret of earlier,\(ExampleSecrets.text)",
        ])
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("node.previous_secrets must not hold the example of this project's files") == true)
        #expect(problems.first?.contains("as entry 2: http.public.host is not a loopback address") == true)
    }

    @Test func aFileByItselfIsJudgedByWhatItSays() throws {
        let example = "node: { key: \(ExampleSecrets.key) }\n"
        func problems(_ text: String) throws -> [ConfigurationProblem] {
            try NodeConfiguration.problems(of: SettingValues([.yaml(example + text, path: "node.yaml")]), isWhole: false)
        }
        #expect(try problems("").isEmpty, "the environment may give the hosts")
        #expect(try problems("http.public.host: 0.0.0.0").map(\.key) == ["node.key"])
    }

    /// The values in the files must be those that are refused.
    @Test func everyKeyAndSecretOfTheFilesIsKnown() throws {
        let node = try ProjectFiles.text("Config/node.yaml")
        let values = try SettingValues([.yaml(node, path: "Config/node.yaml")])
        #expect(ExampleSecrets.contains(try values(\.key)))
        #expect(ExampleSecrets.contains(try values(\.secret)))
        #expect(ExampleSecrets.contains(try values(\.adminKey)))
        for path in [
            "README.md", "Config/node.yaml", "Config/worker.yaml", "Deploy/kafka/compose.yaml", "Deploy/kafka/README.md",
            "Deploy/production/README.md", "Deploy/production/node.yaml", "Deploy/production/ocn.env.example",
            "Sources/Admin/Admin.docc/Admin.md",
        ] {
            let text = try ProjectFiles.text(path)
            for match in text.matches(of: /(?:Token|--admin-key|admin_key:|secret:) ([A-Za-z0-9-]{16,})/) {
                #expect(ExampleSecrets.contains(String(match.1)), "\(path) shows \(match.1)")
            }
            for match in text.matches(of: /\b(?:0x)?[0-9a-fA-F]{64}\b/) {
                let key = try #require(SigningKey(hex: String(match.0)))
                #expect(ExampleSecrets.contains(key), "\(path) shows \(match.0)")
            }
        }
    }
}
