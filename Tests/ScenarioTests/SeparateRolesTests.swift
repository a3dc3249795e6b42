import Demo
import Directory
import Encoding
import Foundation
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import TestParties
import Testbed
import Testing
import Topics

@testable import Node

extension Scenarios {
    /// Every role in its own process, with a broker that is a process too.
    @Suite(.serialized) struct SeparateRolesTests {
        @Test(.timeLimit(.minutes(3))) func fiveProcessesServeARequestCopyItAndRefuseWhatIsWrong() async throws {
            try await Broker.with { broker, prefix, programs, _ in
                try await serve(broker, prefix, programs)
            }
        }

        private func serve(_ broker: Broker, _ prefix: String, _ programs: Programs) async throws {
            let node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
            try await publishRegistry(of: node)

            var processes: [RunningProgram] = []
            var ports: [Int] = []
            for role in ["ingress", "exchange", "matcher", "push", "control"] {
                let port = try FreePorts.one()
                ports.append(port)
                processes.append(
                    try programs.start(["node", "--roles", role, "--private-port", "\(port)"], environment: node.environment))
            }
            for (port, process) in zip(ports, processes) {
                try await eventually("process on \(port) is ready: \(process.text.suffix(2000))", within: .seconds(60)) {
                    #expect(process.isRunning, "\(process.text)")
                    return try await TestNode.isReady(port: port)
                }
            }

            let (cpo, emsp, billing) = (try party("DE-CPO", .cpo), try party("NL-MSP", .emsp), try party("DE-BIL", .billing))
            for party in [cpo, emsp, billing] {
                try await party.start()
                try await party.register(publicURL: node.publicURL, adminURL: "http://127.0.0.1:\(ports[0])", adminToken: TestNode.adminKey)
            }
            try await aCopyArrivesAndStandsInItsTopic(cpo, emsp, billing, broker, prefix)
            try await badInputIsAnsweredInOCPIAndNeverReachesKafka(node, cpo, broker, prefix)

            for process in processes {
                #expect(await process.terminate() == 0, "SIGTERM ends a role cleanly: \(process.text.suffix(2000))")
            }
            for party in [cpo, emsp, billing] { await party.stop() }
        }

        /// Writes the registry with the command line, as an operator would.
        private func publishRegistry(of node: TestNode) async throws {
            let address = TestNode.address
            for arguments in [
                ["add-node", address, node.publicURL], ["add-party", "DE-CPO", address, "--role", "CPO"],
                ["add-party", "NL-MSP", address, "--role", "EMSP"], ["add-party", "DE-BIL", address, "--role", "OTHER"],
                ["add-service", "DE-BIL", "--name", "Billing", "--permission", "8"], ["agree", "DE-CPO", "DE-BIL"],
            ] {
                let (status, text) = try await RunningProgram.run(["registry"] + arguments, environment: node.environment)
                #expect(status == 0, "registry \(arguments): \(text)")
            }
            let (status, list) = try await RunningProgram.run(["registry", "list"], environment: node.environment)
            #expect(status == 0 && list.contains("agreement  DE-CPO -> DE-BIL") && list.contains("service    DE-BIL"), "\(list)")
            let refused = try await RunningProgram.run(["registry", "agree", "DE-CPO", "FR-XXX"], environment: node.environment)
            #expect(refused.status != 0 && refused.text.contains("FR-XXX offers no service"), "\(refused.text)")
        }

        private func aCopyArrivesAndStandsInItsTopic(
            _ cpo: DemoParty, _ emsp: DemoParty, _ billing: DemoParty, _ broker: Broker, _ prefix: String
        ) async throws {
            let cdr = ByteBuffer(
                string: #"{"country_code":"DE","party_id":"CPO","id":"CDR-1","session_id":"S-1", "kwh": 1.50, "text":"\u00e9 é"}"#)
            let answer = try await cpo.send(.post, "cdrs", .receiver, to: emsp.profile.id, body: cdr)
            #expect(answer.status == 200 && answer.ocpiStatus == 1000, "\(String(buffer: answer.body))")
            #expect(emsp.received.entries.last?.request.body == cdr, "byte for byte at the recipient")
            let copies = await billing.received.wait(within: .seconds(20)) { $0.contains { $0.request.method == .post } }
            let copy = try #require(copies?.last { $0.request.method == .post })
            #expect(copy.request.body == cdr && copy.from == cpo.profile.id && copy.to == billing.profile.id)
            #expect(copy.correlationID == answer.correlationID)

            let location = try #require(answer.header("Location"))
            let again = try await cpo.call(.get, location, to: emsp.profile.id)
            #expect(again.status == 200 && again.ocpiStatus == 1000, "the Location leads to the CDR")
            let stranger = try await billing.call(.get, location, to: emsp.profile.id)
            #expect(stranger.status == 404 && stranger.ocpiStatus == 2003, "only for whom it was made")

            // Any Kafka client can read a service's topic: headers and body bytes as they are.
            let (status, text) = try await kcat([
                "-b", broker.bootstrap, "-C", "-t", "\(prefix)outbox.DE-BIL", "-e", "-q", "-o", "beginning", "-f", "%k|%h|%s\n",
            ])
            #expect(status == 0, "\(text)")
            let fields =
                text.split(separator: "\n").first.map { $0.split(separator: "|", omittingEmptySubsequences: false).map(String.init) } ?? []
            // The key itself contains bars: <owner>|cdrs|<session>.
            try #require(fields.count == 5, "\(text)")
            #expect(fields[0...2].joined(separator: "|") == "DE-CPO|cdrs|S-1")
            let headers = Dictionary(
                fields[3].split(separator: ",").map { $0.split(separator: "=", maxSplits: 1).map(String.init) }.compactMap {
                    $0.count == 2 ? ($0[0], $0[1]) : nil
                }
            ) { first, _ in first }
            #expect(headers["ce_specversion"] == "1.0" && headers["ce_type"] == "org.openchargingnetwork.cdrs.receiver.post")
            #expect(headers["ce_source"] == "/DE/CPO" && headers["ce_ocpifrom"] == "DE-CPO" && headers["ce_ocpito"] == "DE-BIL")
            #expect(
                headers["ce_permission"] == "8" && headers["ce_ocpiversion"] == "2.2.1" && headers["content-type"] == "application/json")
            #expect(headers["ce_correlationid"] == answer.correlationID && headers["ce_requestid"] == answer.requestID)
            #expect(headers["ce_id"]?.count == 32 && headers["ce_copyof"]?.count == 36)
            #expect(fields[4] == String(buffer: cdr), "the body byte for byte")
        }

        private func badInputIsAnsweredInOCPIAndNeverReachesKafka(
            _ node: TestNode, _ cpo: DemoParty, _ broker: Broker, _ prefix: String
        ) async throws {
            let before = try await broker.requestCount(prefix)
            let token = try #require(cpo.tokenC).authorization(encoding: .base64)
            let ids = [("X-Request-ID", "r"), ("X-Correlation-ID", "c")]
            let from = [("OCPI-from-country-code", "DE"), ("OCPI-from-party-id", "CPO")]
            let to = [("OCPI-to-country-code", "NL"), ("OCPI-to-party-id", "MSP")]
            let auth = [("Authorization", token)]
            struct Case {
                let name: String
                let path: String
                let headers: [(String, String)]
                var body: String? = "{}"
                /// HTTP status and OCPI code by OCPI 2.2.1, and those of the reference node below /2.2/.
                let newer: (Int, Int)
                let older: (Int, Int)
            }
            let strangers = [("OCPI-to-country-code", "ZZ"), ("OCPI-to-party-id", "ZZZ")]
            let cases: [Case] = [
                Case(name: "no token", path: "cdrs", headers: ids + from + to, newer: (401, 2001), older: (400, 2001)),
                Case(
                    name: "wrong token", path: "cdrs", headers: [("Authorization", "Token d3Jvbmc=")] + ids + from + to, newer: (401, 2001),
                    older: (400, 2001)),
                Case(
                    name: "unknown receiver", path: "cdrs", headers: auth + ids + from + strangers, newer: (200, 4001), older: (200, 4001)),
                Case(name: "no OCPI-from", path: "cdrs", headers: auth + ids + to, newer: (200, 2001), older: (400, 2001)),
                Case(
                    name: "malformed OCPI-to", path: "cdrs",
                    headers: auth + ids + from + [("OCPI-to-country-code", "NLD"), ("OCPI-to-party-id", "MSP")], newer: (200, 2001),
                    older: (400, 2001)),
                Case(
                    name: "somebody else's OCPI-from", path: "cdrs",
                    headers: auth + ids + [("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "MSP")] + to, newer: (200, 2001),
                    older: (400, 2001)),
                Case(
                    name: "invalid JSON", path: "cdrs", headers: auth + ids + from + to, body: "{\"id\":", newer: (400, 2001),
                    older: (400, 2001)),
                Case(
                    name: "body too large", path: "cdrs", headers: auth + ids + from + to,
                    body: "\"" + String(repeating: "x", count: 1_100_000) + "\"",
                    newer: (413, 2001), older: (413, 2001)),
                Case(name: "no such module", path: "nonsense", headers: auth + ids + from + to, newer: (404, 2001), older: (404, 2001)),
            ]
            for each in cases {
                for (version, expected) in [("2.2.1", each.newer), ("2.2", each.older)] {
                    let answer = try await TestNode.call(
                        "POST", "\(node.publicURL)/ocpi/receiver/\(version)/\(each.path)", headers: each.headers, body: each.body)
                    #expect(answer.status == expected.0, "\(each.name), \(version): \(answer.body)")
                    let envelope = try JSONValue.parse(answer.body)
                    if each.name != "no such module", each.name != "body too large" {
                        #expect(envelope["status_code"]?.int == expected.1, "\(each.name), \(version): \(answer.body)")
                    }
                    #expect(
                        (envelope["status_code"]?.int ?? 0) >= 2000 && envelope["timestamp"]?.string != nil, "\(each.name): an envelope")
                    #expect(answer.headers["content-type"]?.hasPrefix("application/json") == true)
                    #expect(!answer.body.contains(token.dropFirst(6)), "no token in an answer")
                }
            }
            #expect(try await broker.requestCount(prefix) == before, "nothing of it is in Kafka")
        }

        private func party(_ id: String, _ part: PartyPart) throws -> DemoParty {
            DemoParty(PartyProfile(id: try #require(PartyID(id)), name: id, part: part))
        }

        private func kcat(_ arguments: [String]) async throws -> (status: Int32, text: String) {
            let program = ["/usr/bin/kcat", "/usr/bin/kafkacat"].first { FileManager.default.isExecutableFile(atPath: $0) }
            let process = Process()
            process.executableURL = URL(fileURLWithPath: try #require(program, "Debian's kcat is installed"))
            process.arguments = arguments
            let pipe = Pipe()
            process.standardOutput = pipe
            try process.run()
            let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
            process.waitUntilExit()
            return (process.terminationStatus, String(decoding: data, as: UTF8.self))
        }
    }
}

/// `ocn broker` as a process, or the real cluster of `OCN_TEST_KAFKA`.
struct Broker {
    let bootstrap: String
    private let program: RunningProgram?

    /// Runs a test with a broker, topics under a prefix, programs that end with it in any case, and a folder.
    /// - Parameters:
    ///   - prefix: of the topics; nil for a unique one.
    ///   - isOwn: as ``init(folder:prefix:programs:isOwn:)``.
    static func with(
        prefix: String? = nil, isOwn: Bool = false,
        _ body: (_ broker: Broker, _ prefix: String, _ programs: Programs, _ folder: URL) async throws -> Void
    ) async throws {
        let prefix = prefix ?? "t\(UInt32.random(in: .min ... .max))."
        try await withTemporaryFolder { folder in
            let programs = Programs()
            do {
                try await body(try await Broker(folder: folder, prefix: prefix, programs: programs, isOwn: isOwn), prefix, programs, folder)
            } catch {
                await programs.terminate()
                throw error
            }
            await programs.terminate()
        }
    }

    /// - Parameter isOwn: the test stops the broker, so it is an in-memory one whatever `OCN_TEST_KAFKA` says.
    init(folder: URL, prefix: String, programs: Programs, isOwn: Bool = false) async throws {
        if let real = TestKafka.realCluster, !isOwn {
            bootstrap = real
            program = nil
            return
        }
        let file = folder.appendingPathComponent("bootstrap")
        let broker = try programs.start(["broker", "--prefix", prefix, "--service", "DE-BIL", "--bootstrap-file", file.path])
        try await eventually("the broker has written its address: \(broker.text)") { FileManager.default.fileExists(atPath: file.path) }
        let text = try String(contentsOf: file, encoding: .utf8).trimmingCharacters(in: .whitespacesAndNewlines)
        // It is printed first, but read by another thread.
        try await eventually("it was printed too: \(broker.text)") { broker.text.contains("bootstrap=\(text)") }
        bootstrap = text
        program = broker
    }

    /// Kills a broker of the test's own.
    func crash() async { await program?.crash() }

    /// The number of records ever written to `ocn.requests`.
    func requestCount(_ prefix: String) async throws -> Int64 {
        let settings = KafkaSettings(bootstrap: bootstrap, clientID: "count")
        let topics = TopicNames(prefix: prefix)
        var total: Int64 = 0
        let reader = PartitionReader(
            settings, topic: topics.requests, partitions: [0], start: .end, logger: .init(label: "count"), onBatch: { _ in },
            onEnd: { _, _ in })
        try await reader.start()
        for partition in 0..<Int32(TopicSettings().requestPartitions) {
            total += try await reader.latestOffset(TopicPartition(topic: topics.requests, partition: partition), timeout: .seconds(10))
        }
        await reader.stop()
        return total
    }
}
