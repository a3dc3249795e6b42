import Kafka
import Support
import Testing
import Topics

@testable import Node

/// Values of settings: an invalid one is an error that names the permitted values and the origin.
@Suite struct StrictReadingTests {
    private typealias Text = ConfigurationText

    @Test func whatIsLeftOutHasItsDefault() throws {
        let node = try Text.configuration()
        #expect(node.publicURL == "https://ocn.example")
        #expect(node.roles == Set(NodeRole.allCases))
        #expect(node.publicHost == "0.0.0.0")
        #expect(node.publicPort == 8080)
        #expect(node.allowNetworks.isEmpty)
        #expect(node.trustedProxies.isEmpty)
        #expect(node.kafka.properties.isEmpty)
        #expect(!node.signatures)
        #expect(node.registryFile == nil)
        #expect(node.staticInstance == nil)
        #expect(node.replyPartition == nil)
        #expect(node.requestTimeout == .seconds(30))
        #expect(node.shutdownGrace == .seconds(50))
        #expect(node.stillAliveInterval == .seconds(300))
        #expect(node.topicSettings.copyHorizonSeconds == 72 * 3600)
    }

    @Test func whatIsGivenIsRead() throws {
        let node = try Text.configuration(
            """
            node.roles: [push]
            node.instance: ocn-0
            hub.still_alive_seconds: 0
            http.public: { host: "::1", port: 0, trusted_proxies: [192.0.2.1] }
            http: { allow_networks: ["10.0.0.0/8", "fd00::/8"], request_timeout_seconds: 5 }
            kafka.reply_partition: 3
            kafka.properties: ["security.protocol=SASL_SSL", "sasl.password = a=b "]
            registry: { source: file, file: registry.yaml }
            push.horizon_hours: 1
            """)
        #expect(node.roles == [.push])
        #expect(node.instance == "ocn-0")
        #expect(node.stillAliveInterval == nil)
        #expect(node.publicHost == "::1")
        #expect(node.publicPort == 0)
        #expect(node.allowNetworks == ["10.0.0.0/8", "fd00::/8"])
        #expect(node.trustedProxies == ["192.0.2.1"])
        #expect(node.shutdownGrace == .seconds(25))
        #expect(node.replyPartition == 3)
        #expect(node.kafka.properties == ["security.protocol": "SASL_SSL", "sasl.password": "a=b"])
        #expect(node.registryFile == "registry.yaml")
        #expect(node.topicSettings.copyHorizonSeconds == 3600)
    }

    @Test(arguments: [
        ("true", true), ("\"true\"", true), ("'on'", true), ("YES", true), ("1", true), ("false", false), ("\"false\"", false),
        ("off", false),
    ])
    func truthIsReadQuotedOrNot(written: String, truth: Bool) throws {
        #expect(try Text.configuration("node.signatures: \(written)").signatures == truth)
        #expect(try Text.configuration(environment: ["OCN_NODE_SIGNATURES": written.filter { !"\"'".contains($0) }]).signatures == truth)
    }

    @Test(arguments: [
        ("node.signatures: maybe", "node.signatures must be true or false, not 'maybe'"),
        ("node.signatures: [true]", "node.signatures must be true or false, not a list"),
        (
            "node.signatures:",
            "node.signatures must be true or false, not left empty; a value that begins with #, !, & or * must be quoted"
        ),
        (
            "node.instance: #hidden",
            "node.instance must be a text that is not empty, not left empty; a value that begins with #, !, & or * must be quoted"
        ),
        ("http.public.port: abc", "http.public.port must be a whole number from 0 to 65535, not 'abc'"),
        ("http.public.port: 65536", "http.public.port must be a whole number from 0 to 65535, not '65536'"),
        ("http.public.port: 08080", "http.public.port must be a whole number from 0 to 65535, not '08080'"),
        ("http.public.port: { tls: 1 }", "http.public.port must be a whole number from 0 to 65535, not a section"),
        ("push.horizon_hours: 1.5", "push.horizon_hours must be a whole number of hours from 1 to 8760, not '1.5'"),
        ("push.backoff_base_ms: 0", "push.backoff_base_ms must be a whole number of milliseconds from 1 to 3600000, not '0'"),
        ("kafka.reply_partition: -1", "kafka.reply_partition must be a whole number from 0 to 9999, not '-1'"),
        ("kafka.prefix: \"my node\"", "kafka.prefix must be letters, digits, '.', '_' and '-', at most 200, not 'my node'"),
        ("registry.source: files", "registry.source must be one of state, file, not 'files'"),
        ("node.hub: OCN", "node.hub must be a party like CH-OCN, not 'OCN'"),
        ("node.name: ''", "node.name must be a text that is not empty, not ''"),
        (
            "http.allow_networks: [127.0.0.0/8, 10.0.0.0/99]",
            "entry 2 of http.allow_networks must be a network like 10.0.0.0/8 or fd00::/8, not '10.0.0.0/99'"
        ),
        (
            "http.public.trusted_proxies: [proxy.example]",
            "entry 1 of http.public.trusted_proxies must be a network like 10.0.0.0/8 or fd00::/8, not 'proxy.example'"
        ),
        ("node.roles: [ingress, ingres]", "entry 2 of node.roles must be one of ingress, matcher, exchange, push, control, not 'ingres'"),
        ("node.roles: []", "node.roles must be a list of ingress, matcher, exchange, push, control, at least one"),
        ("node.roles: { ingress: true }", "node.roles must be a list of ingress, matcher, exchange, push, control, not a section"),
        (
            "node.roles: [ingress, [push]]",
            "node.roles must be a list of ingress, matcher, exchange, push, control, not a list whose entry 2 is no text"
        ),
    ])
    func whatIsNotUnderstoodIsAnError(line: String, problem: String) {
        #expect(Text.problems(line) == ["\(problem) (node.yaml, line 3)"])
    }

    @Test(arguments: [
        "ftp://ocn.example", "ocn.example", "https://", "https://user:password@ocn.example", "https://ocn.example:99999",
    ])
    func urlsAreHTTP(url: String) {
        let problems = Text.problems(environment: ["OCN_NODE_URL": url])
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("node.url must be an http or https URL") == true)
        #expect(problems.first?.hasSuffix("(environment variable OCN_NODE_URL)") == true)
    }

    @Test(arguments: [
        ("https://ocn.example?a=1", "have no query and no fragment: paths are added to it"),
        ("https://ocn.example/#top", "have no query and no fragment: paths are added to it"),
        ("https://ocn.example/a b", "be printable ASCII without blanks"),
        ("https://ocn.example/\u{1B}[2J", "be printable ASCII without blanks"),
        ("https://ocn.example/a/../b", "have no dot segments in its path"),
        ("https://ocn.example/%2e%2E/b", "have no dot segments in its path"),
        ("https://ocn.example/" + String(repeating: "a", count: 2029), "have at most 2048 bytes, not 2049"),
        ("https://anna:hidden@ocn.example", "be an http or https URL without user information"),
    ])
    func pathsCanBeAddedToTheURL(url: String, demand: String) {
        #expect(Text.problems(environment: ["OCN_NODE_URL": url]) == ["node.url must \(demand) (environment variable OCN_NODE_URL)"])
    }

    @Test func whatMayHoldAPasswordIsNotShown() {
        for variable in ["OCN_NODE_URL", "OCN_KAFKA_BOOTSTRAP", "OCN_NODE_HUB"] {
            let problems = Text.problems(environment: [variable: "anna:hidden@ocn.example"])
            #expect(problems.count == 1 && !"\(problems)".contains("hidden"), "\(variable)")
        }
    }

    @Test(arguments: [
        ("127.0.0.1:9092", true), ("kafka-1:9092, kafka-2:9092", true), ("kafka", true), ("[::1]:9092", true),
        ("SASL_SSL://kafka:9093", true),
        ("kafka_1.example:65535", true), ("plaintext://[fd00::1]", true), ("10.0.0.1", true),
        ("kafka:abc", false), ("kafka:0", false), ("kafka:9092,", false), (":9092", false), ("http://kafka/x", false), ("[::1", false),
        ("kafka 9092", false), ("9092", false), ("foo://kafka:1", false), ("kafka:+1", false), ("kafka:65536", false), ("kafka:", false),
        ("kafka,,kafka", false), ("", false), (",", false), ("ka/fka:1", false), ("käfka:1", false), ("user@kafka:1", false),
        ("[]:9092", false), ("[g::1]:9092", false), ("kafka:1:2", false), ("SSL://", false),
    ])
    func brokersHaveHostAndPort(bootstrap: String, isGood: Bool) {
        // The protocol must be the configured one.
        let spoken = bootstrap.hasPrefix("SASL_SSL://") ? ["OCN_KAFKA_PROPERTIES": "security.protocol=sasl_ssl"] : [:]
        #expect(Text.problems(environment: ["OCN_KAFKA_BOOTSTRAP": bootstrap].merging(spoken) { $1 }).isEmpty == isGood)
    }

    @Test func aListMayBeOneText() throws {
        #expect(try Text.configuration("node.roles: ingress").roles == [.ingress])
        #expect(try Text.configuration("node.roles: \"Ingress, push\"").roles == [.ingress, .push])
        #expect(try Text.configuration(environment: ["OCN_NODE_ROLES": "ingress,push"]).roles == [.ingress, .push])
        #expect(try Text.configuration(environment: ["OCN_HTTP_ALLOW_NETWORKS": ""]).allowNetworks.isEmpty)
        #expect(Text.problems(environment: ["OCN_NODE_ROLES": "ingress,"]).count == 1)
        #expect(try Text.configuration("kafka.properties: \"client.rack=a\"").kafka.properties == ["client.rack": "a"])
        let both = ["OCN_KAFKA_PROPERTIES": "security.protocol=SASL_SSL, sasl.mechanism=PLAIN"]
        #expect(
            try Text.configuration(environment: both).kafka.properties == ["security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"])
    }

    @Test func aTextThatCouldBeOnePropertyOrTwoIsRefused() {
        let problems = Text.problems("kafka.properties: sasl.username=ocn,sasl.password=hidden")
        #expect(problems.count == 1)
        #expect(problems.first?.hasPrefix("kafka.properties must be a list of librdkafka's properties, each written as name=value") == true)
    }

    @Test(arguments: [
        ("sasl.password", "entry 2 of kafka.properties must be written as name=value"),
        ("=hidden", "entry 2 of kafka.properties must be written as name=value"),
        ("hidden=1", "entry 2 of kafka.properties must name a property that librdkafka knows"),
        ("sasl.pasword=hidden", "entry 2 of kafka.properties must name a property that librdkafka knows; did you mean sasl.password?"),
        ("security.protocol=hidden", "entry 2 of kafka.properties must have a value that librdkafka permits for this property"),
        (
            "enable.sasl.oauthbearer.unsecure.jwt=true",
            "entry 2 of kafka.properties must not set enable.sasl.oauthbearer.unsecure.jwt: it is not supported, because it is insecure: "
                + "nobody signs such tokens"
        ),
        (
            "acks=1",
            "entry 2 of kafka.properties must not set acks: the node counts as accepted only what all in-sync replicas have"
        ),
        (
            "enable.idempotence=false",
            "entry 2 of kafka.properties must not set enable.idempotence: the order of records, and that each is written once, depend on it"
        ),
        (
            "sasl.mechanisms=OAUTHBEARER",
            "entry 2 of kafka.properties must not ask for OAUTHBEARER without sasl.oauthbearer.method=oidc: nothing else gives it tokens"
        ),
        ("sasl.username=hidden", "entry 2 of kafka.properties must not set the same property as entry 1"),
    ])
    func propertiesThatAreNoneAreToldByNumberOnly(entry: String, problem: String) {
        #expect(Text.problems("kafka.properties: [sasl.username=ocn, \"\(entry)\"]") == ["\(problem) (node.yaml, line 3)"])
    }

    @Test(arguments: [
        ("OCN_NODE_KEY", "node.key must be a secp256k1 private key, 64 hex digits"),
        ("OCN_NODE_SECRET", "node.secret must be a text of at least 16 characters"),
        ("OCN_NODE_ADMIN_KEY", "node.admin_key must be a text of at least 16 characters, printable ASCII without blanks"),
        ("OCN_NODE_PREVIOUS_SECRETS", "entry 1 of node.previous_secrets must be a text of at least 16 characters"),
    ])
    func secretsAreNotShown(variable: String, problem: String) {
        #expect(Text.problems(environment: [variable: "hidden"]) == ["\(problem) (environment variable \(variable))"])
    }

    @Test func allProblemsOfAllSourcesAreToldAtOnce() throws {
        let problems = Text.problems(
            """
            http.public.port: abc
            node.sgnatures: true
            push.horizon_hours: 1.5
            """, environment: ["OCN_HTTP_PUBLIC_PORT": "9090", "OCN_NODE_ROLES": "all"])
        #expect(
            problems == [
                "entry 1 of node.roles must be one of ingress, matcher, exchange, push, control, not 'all' (environment variable OCN_NODE_ROLES)",
                "http.public.port must be a whole number from 0 to 65535, not 'abc' (node.yaml, line 3)",
                "there is no setting for node.sgnatures; did you mean node.signatures? (node.yaml, line 4)",
                "push.horizon_hours must be a whole number of hours from 1 to 8760, not '1.5' (node.yaml, line 5)",
            ])
        #expect(throws: ConfigurationError.self) { try NodeConfiguration([]) }
        do {
            _ = try NodeConfiguration([])
        } catch {
            #expect(error.problems.map(\.key) == ["node.url", "node.key", "node.secret", "node.admin_key", "kafka.bootstrap"])
            #expect("\(error)".hasPrefix("the configuration has 5 problems; nothing was started or changed\n"))
            #expect("\(error)".contains("\n  node.url is missing: an http or https URL like https://ocn.example.com. "))
            #expect("\(error)".contains("Set it in the configuration file or as OCN_NODE_URL."))
        }
    }

    @Test func flagsWinOverTheEnvironmentAndThatOverTheFile() throws {
        let file = try SettingSource.yaml(
            Text.complete + "http: { public: { port: 1 }, private: { port: 2 } }\npush.expired_per_second: 7", path: "node.yaml")
        let environment = SettingSource.environment(["OCN_HTTP_PUBLIC_PORT": "3", "OCN_HTTP_PRIVATE_PORT": "4"])
        let node = try NodeConfiguration([NodeConfiguration.flags(roles: "push,control", port: "5"), environment, file])
        #expect(node.publicPort == 5)
        #expect(node.privatePort == 4)
        #expect(node.expiredPerSecond == 7)
        #expect(node.roles == [.push, .control])
        for port in ["70000", "010", "+8080", "abc"] {
            #expect {
                try NodeConfiguration([NodeConfiguration.flags(port: port), environment, file])
            } throws: {
                "\($0)" == "http.public.port must be a whole number from 0 to 65535, not '\(port)' (flag --port)"
            }
        }
    }

    @Test(arguments: [
        ("registry.source: file", "registry.file is missing: with registry.source: file it must name the YAML file of the registry"),
        ("registry.file: a.yaml", "registry.file is set but registry.source is state: set that to file, or leave the file out"),
        ("push: { backoff_base_ms: 2000, backoff_cap_ms: 1000 }", "push.backoff_base_ms must not be above push.backoff_cap_ms"),
        ("breaker.pause_seconds: 61", "breaker.pause_seconds must not be above breaker.longest_pause_seconds"),
        (
            "kafka.reply_partition: 8",
            "kafka.reply_partition must be below kafka.reply_partitions, which is 8: partitions are counted from 0"
        ),
        (
            "kafka.reply_partition: 4\nkafka.reply_partitions: 4",
            "kafka.reply_partition must be below kafka.reply_partitions, which is 4: partitions are counted from 0"
        ),
        (
            "http.private.port: 8080",
            "http.private.port must not be http.public.port, 8080, on the same host: only one of them can listen there"
        ),
        (
            "http.public.port: 8081",
            "http.private.port must not be http.public.port, 8081, on the same host: only one of them can listen there"
        ),
        (
            "http: { public: { port: 1, host: Node }, private: { port: 1, host: node } }",
            "http.private.port must not be http.public.port, 1, on the same host: only one of them can listen there"
        ),
        (
            "http: { public: { port: 1, host: 127.0.0.1 }, private: { port: 1, host: \"::\" } }",
            "http.private.port must not be http.public.port, 1, on the same host: only one of them can listen there"
        ),
    ])
    func settingsThatContradictEachOtherAreAnError(line: String, problem: String) {
        #expect(Text.problems(line) == ["\(problem) (node.yaml, line 3)"])
    }

    @Test(arguments: [
        "kafka: { reply_partition: 7 }", "kafka: { reply_partition: 8, reply_partitions: 9 }",
        "http: { public: { port: 0 }, private: { port: 0 } }",
        "http: { public: { port: 1, host: 127.0.0.1 }, private: { port: 1, host: 127.0.0.2 } }",
        "http: { public: { port: 1, host: \"::1\" }, private: { port: 1, host: 0.0.0.0 } }",
        // Without ingress there is no listener on the public port.
        "{ node.roles: [push], http.private.port: 8080 }",
    ])
    func settingsThatGoTogetherAreGood(line: String) throws {
        let file = try SettingSource.yaml(line, path: "more.yaml")
        let rest = try SettingSource.yaml(Text.complete, path: "node.yaml")
        #expect(throws: Never.self) { try NodeConfiguration([file, rest]) }
    }

    @Test func valuesFromOutsideCannotSteerATerminal() {
        let problems = Text.problems(environment: ["OCN_NODE_HUB": "\u{1B}[2J" + String(repeating: "x", count: 100)])
        #expect(problems.first?.contains("not '\\u{1b}[2Jxxx") == true)
        #expect(problems.first?.contains("x…'") == true)
    }
}
