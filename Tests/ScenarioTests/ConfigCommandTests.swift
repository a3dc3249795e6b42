import Encoding
import Foundation
import Support
import Testing

@testable import Node

/// `ocn config`, and the errors of `ocn node` for an invalid configuration, as processes. None needs Kafka.
@Suite struct ConfigCommandTests {
    private func file(_ text: String, in folder: URL) throws -> String {
        let file = folder.appending(path: "node.yaml")
        try text.write(to: file, atomically: true, encoding: .utf8)
        return file.path
    }

    @Test func helpOfTheNodeNamesEverySettingAndItsDefault() async throws {
        let (status, text) = try await RunningProgram.run(["node", "--help"])
        #expect(status == 0)
        // Long rows are wrapped.
        let words = text.split { $0.isWhitespace }.joined(separator: " ")
        for setting in Settings.all {
            #expect(words.contains(" \(setting.key) \(SettingsText.shortFallback(setting)) "), "\(setting.key)")
        }
    }

    @Test func aGoodConfigurationIsALine() async throws {
        try await withTemporaryFolder { folder in
            let path = try file(ConfigurationText.complete + "http.public.port: 1\n", in: folder)
            let (status, text) = try await RunningProgram.run(
                ["config", "check", path], environment: ["OCN_HTTP_PUBLIC_PORT": "2", "OCN_PUSH_HORIZON_HOURS": "3"])
            #expect(status == 0)
            #expect(
                text == """
                    http.public.port: environment variable OCN_HTTP_PUBLIC_PORT wins over \(path), line 3
                    \(path) is good: 5 settings from the file, 2 from the environment, \(Settings.all.count - 7) by default

                    """)
        }
    }

    @Test func everyProblemIsALine() async throws {
        try await withTemporaryFolder { folder in
            let path = try file("node: { url: nowhere, secret: hidden }\nkafka: { properties: [hidden], prefx: hidden }\n", in: folder)
            let (status, text) = try await RunningProgram.run(["config", "check", path], environment: ["OCN_HTP_PORT": "hidden"])
            #expect(status == 1)
            let lines = text.split(separator: "\n")
            #expect(lines.contains { $0.hasPrefix("there is no setting for environment variable OCN_HTP_PORT") })
            #expect(lines.contains { $0.hasPrefix("node.url must be") && $0.hasSuffix("not 'nowhere' (\(path), line 1)") })
            #expect(lines.contains { $0.hasPrefix("node.secret must be") })
            #expect(lines.contains { $0.hasPrefix("entry 1 of kafka.properties must be") })
            #expect(lines.contains { $0.hasPrefix("there is no setting for kafka.prefx; did you mean kafka.prefix?") })
            #expect(lines.contains { $0.hasPrefix("kafka.bootstrap is missing") })
            #expect(lines.last == "\(path): 8 problems")
            #expect(!text.contains("hidden"))
            // Settings that the environment may supply are not required of the file alone.
            let alone = try await RunningProgram.run(["config", "check", "--file-only", path], environment: ["OCN_HTP_PORT": "hidden"])
            #expect(alone.status == 1)
            #expect(alone.text.hasSuffix("\(path): 4 problems\n"))
        }
    }

    @Test func aKeyThatHoldsAValueIsNotShown() async throws {
        try await withTemporaryFolder { folder in
            let path = try file("kafka: { properties: sasl.username=ocn, sasl.password=hidden }\n", in: folder)
            for options in [["--file-only"], ["--file-only", "--json"]] {
                let (status, text) = try await RunningProgram.run(["config", "check"] + options + [path])
                #expect(status == 1)
                #expect(text.contains("there is no setting for kafka.sasl.password…"))
                #expect(!text.contains("hidden"))
            }
        }
    }

    @Test func programsReadJSON() async throws {
        try await withTemporaryFolder { folder in
            let path = try file(ConfigurationText.complete + "http.public.port: 1\n", in: folder)
            let good = try await RunningProgram.run(["config", "check", "--json", path], environment: ["OCN_HTTP_PUBLIC_PORT": "2"])
            #expect(good.status == 0)
            #expect(!good.text.contains(ConfigurationText.secret) && !good.text.contains(ConfigurationText.key))
            let report = try JSONValue.parse(good.text)
            #expect(report["valid"]?.bool == true)
            #expect(report["problems"]?.array == [])
            let settings = try #require(report["settings"]?.array)
            #expect(settings.count == Settings.all.count)
            let port = try #require(settings.first { $0["key"]?.string == "http.public.port" })
            #expect(port["value"]?.string == "2")
            #expect(port["source"]?.string == "environment variable OCN_HTTP_PUBLIC_PORT")
            #expect(port["overridden"]?.array == [.string("\(path), line 3")])

            let bad = try await RunningProgram.run(["config", "check", "--json", path], environment: ["OCN_HTTP_PUBLIC_PORT": "x"])
            #expect(bad.status == 1)
            let problem = try #require(try JSONValue.parse(bad.text)["problems"]?.array?.first)
            #expect(problem["key"]?.string == "http.public.port")
            #expect(problem["problem"]?.string == "http.public.port must be a whole number from 0 to 65535, not 'x'")
            #expect(problem["source"]?.string == "environment variable OCN_HTTP_PUBLIC_PORT")
        }
    }

    @Test func allShowsValuesButNoSecrets() async throws {
        try await withTemporaryFolder { folder in
            let path = try file(
                ConfigurationText.complete + "kafka.properties: [security.protocol=SASL_SSL, sasl.password=hidden]", in: folder)
            let (status, text) = try await RunningProgram.run(["config", "check", "--all", path])
            #expect(status == 0)
            #expect(text.contains(/node\.url +https:\/\/ocn\.example\/ +.+, line 1\n/))
            #expect(text.contains(/http\.public\.port +8080 +default\n/))
            #expect(text.contains(/node\.secret +\(secret\) +.+, line 1\n/))
            for hidden in [ConfigurationText.secret, ConfigurationText.key, "an-admin-key", "hidden"] { #expect(!text.contains(hidden)) }
        }
    }

    @Test func aNodeDoesNotStartWithWhatItDoesNotUnderstand() async throws {
        try await withTemporaryFolder { folder in
            let path = try file(ConfigurationText.complete + "node.signatures: maybe\nnode.rolls: [push]\n", in: folder)
            for command in [["node"], ["outbox", "list"], ["registry", "list"]] {
                let (status, text) = try await RunningProgram.run(command + ["--config", path])
                #expect(status == 1, "\(command)")
                #expect(text.contains("node.signatures must be true or false, not 'maybe'"), "\(command)")
                #expect(text.contains("did you mean node.roles?"), "\(command)")
            }
        }
    }
}
