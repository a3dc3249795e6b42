import AsyncHTTPClient
import Demo
import Directory
import Encoding
import Foundation
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Synchronization
import TestParties
import Testbed
import Testing
import Topics

@testable import Node

/// One node of four processes, two of INGRESS and two of EXCHANGE, on one Kafka. NL-MSP sends requests; DE-CPO answers POSTs only when the
/// test releases them.
final class ExchangeNetwork: Sendable {
    /// The network of the running suite.
    @TaskLocal static var current: ExchangeNetwork?

    enum Worker: String, CaseIterable, Sendable {
        case ingressA, ingressB, exchangeA, exchangeB
    }

    struct Answer: Sendable {
        let status: Int
        let code: Int?
        /// The recipient repeats the correlation id in this member.
        let data: String?
    }

    /// The requests to DE-CPO.
    enum Ask: CaseIterable, Sendable {
        case startSession, cdr, locations
    }

    private struct Running {
        let program: RunningProgram
        let privatePort: Int
    }

    let recipient = HoldingServer()
    private let programs = Programs()
    private let node: TestNode
    private let publicPorts: [Worker: Int]
    private let kafka: KafkaSettings
    private let topics: TopicNames
    private let running = Mutex<[Worker: Running]>([:])
    private static let token = Token("the-token-of-the-msp")

    private init(_ folder: URL) async throws {
        let prefix = "t\(UInt32.random(in: .min ... .max))."
        let broker = try await Broker(folder: folder, prefix: prefix, programs: programs)
        node = try await TestNode(bootstrap: broker.bootstrap, prefix: prefix)
        publicPorts = [.ingressA: node.publicPort, .ingressB: try FreePorts.one()]
        kafka = KafkaSettings(bootstrap: broker.bootstrap, clientID: "test")
        topics = TopicNames(prefix: prefix)
    }

    /// Runs `body` with a new network.
    static func run(_ body: @Sendable () async throws -> Void) async throws {
        try await withTemporaryFolder { folder in
            let network = try await ExchangeNetwork(folder)
            do {
                try await network.recipient.start()
                try await network.publish()
                for worker in Worker.allCases { try network.launch(worker) }
                for worker in Worker.allCases { try await network.awaitReady(worker) }
                try await $current.withValue(network) { try await body() }
            } catch {
                await network.stop()
                throw error
            }
            await network.stop()
        }
    }

    private func stop() async {
        recipient.release()
        await programs.terminate()
        await recipient.stop()
    }

    // MARK: Processes

    /// Starts a process on the port and the partition of `ocn.replies` of its predecessor.
    func launch(_ worker: Worker) throws {
        let privatePort = try FreePorts.one()
        let role = worker == .ingressA || worker == .ingressB ? "ingress" : "exchange"
        var environment = node.environment
        environment["OCN_HTTP_PUBLIC_PORT"] = publicPorts[worker].map(String.init)
        environment["OCN_KAFKA_REPLY_PARTITION"] = worker == .ingressB ? "1" : "0"
        environment["OCN_KAFKA_PROPERTIES"] = "fetch.wait.max.ms=10,session.timeout.ms=6000"
        // Long enough for a redelivery, shorter than the caller's own timeout.
        environment["OCN_HTTP_REQUEST_TIMEOUT_SECONDS"] = "18"
        let program = try programs.start(["node", "--roles", role, "--private-port", "\(privatePort)"], environment: environment)
        running.withLock { $0[worker] = Running(program: program, privatePort: privatePort) }
    }

    func awaitReady(_ worker: Worker) async throws {
        let own = try self.own(worker)
        try await eventually("\(worker) is ready: \(own.program.text.suffix(2000))", within: .seconds(60)) {
            #expect(own.program.isRunning, "\(own.program.text)")
            return try await TestNode.isReady(port: own.privatePort)
        }
    }

    /// Restarts a process that an earlier test has killed.
    func revive(_ worker: Worker) async throws {
        if try !own(worker).program.isRunning { try launch(worker) }
        try await awaitReady(worker)
    }

    func crash(_ worker: Worker) async throws { await (try own(worker)).program.crash() }

    private func own(_ worker: Worker) throws -> Running { try #require(running.withLock { $0[worker] }) }

    /// The current value of a process's metric; nil if there is none.
    func figure(_ series: String, of worker: Worker) async throws -> Int? {
        let text = try await TestNode.call("GET", "http://127.0.0.1:\(try own(worker).privatePort)/metrics").body
        return text.split(separator: "\n").first { $0.hasPrefix(series + " ") }.flatMap { Int($0.dropFirst(series.utf8.count + 1)) }
    }

    /// Waits until both workers have partitions and every partition has a commit, so that the next owner knows that there was an earlier
    /// one.
    func awaitBothExchanges() async throws {
        let series = #"ocn_exchange_requests_total{outcome="answered"}"#
        let before = [try await figure(series, of: .exchangeA) ?? 0, try await figure(series, of: .exchangeB) ?? 0]
        try await eventually("both answer") {
            _ = try await ask(.locations, UUIDText.v4(), through: .ingressB)
            let now = [try await figure(series, of: .exchangeA) ?? 0, try await figure(series, of: .exchangeB) ?? 0]
            return zip(before, now).allSatisfy(<)
        }
        let admin = try KafkaAdmin(kafka, logger: Self.silent)
        let partitions = (0..<Int32(TopicSettings().requestPartitions)).map { TopicPartition(topic: topics.requests, partition: $0) }
        try await eventually("something of every partition of \(topics.requests) is committed") {
            // Records without a key go to any partition.
            _ = try await ask(.locations, UUIDText.v4(), through: .ingressB)
            return try await admin.committedOffsets(of: topics.group("exchange"), partitions).allSatisfy { $0.offset >= 0 }
        }
        await admin.close()
    }

    // MARK: Parties

    private func publish() async throws {
        var configuration = try NodeConfiguration.local(number: 1, bootstrap: kafka.bootstrap, ports: FreePorts.two())
        configuration.topics = topics
        let secrets = try #require(NodeSecrets(text: node.environment["OCN_NODE_SECRET", default: ""]))
        configuration.secrets = secrets
        let (msp, cpo) = (try #require(PartyID("NL-MSP")), try #require(PartyID("DE-CPO")))
        func platform(_ id: String, _ party: PartyID, _ role: String, _ token: Token, _ endpoints: [Endpoint]) -> [Fact] {
            [
                .platform(
                    Platform(
                        id: id, tokenCHashes: [TokenHash.of(token)], outboundToken: secrets.seal(Token("a-token-of-the-platform")),
                        version: .v2_2_1, roles: [PlatformRole(role: role, party: party)])),
                .endpoints(platform: id, endpoints),
                .claim(PartyClaim(party: party, platform: id, since: Timestamp(milliseconds: 1))),
                .status(platform: id, .connected, .now),
                .party(NetworkParty(party: party, roles: [role], operatorAddress: TestNode.address, source: "state")),
            ]
        }
        let facts =
            [.node(NetworkNode(operatorAddress: TestNode.address, url: node.publicURL, source: "state"))]
            + platform(
                "msp", msp, "EMSP", Self.token, [Endpoint(module: .commands, interface: .sender, url: Self.callbacks)])
            + platform(
                "cpo", cpo, "CPO", Token("the-token-of-the-cpo"),
                [
                    Endpoint(module: .commands, interface: .receiver, url: recipient.url + "/commands"),
                    Endpoint(module: .cdrs, interface: .receiver, url: recipient.url + "/cdrs"),
                    Endpoint(module: .locations, interface: .sender, url: recipient.url + "/locations"),
                ])
        let shared = try await SharedResources.open(configuration, logger: Self.silent)
        do {
            try await shared.writer.write(facts.map(FactChange.put))
        } catch {
            await shared.close()
            throw error
        }
        await shared.close()
    }

    /// No process listens at this URL.
    private static let callbacks = "http://127.0.0.1:9/commands"
    private static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Sends a request from NL-MSP to DE-CPO through one of the processes.
    /// - Parameter id: the request id, new for each; also the correlation id.
    func ask(_ ask: Ask, _ id: String, through worker: Worker, client: HTTPClient = .shared) async throws -> Answer {
        let (method, path, body): (String, String, String?) =
            switch ask {
            case .startSession: ("POST", "receiver/2.2.1/commands/START_SESSION", #"{"response_url":"\#(Self.callbacks)/1"}"#)
            case .cdr:
                ("POST", "receiver/2.2.1/cdrs", #"{"country_code":"NL","party_id":"MSP","id":"\#(id)","session_id":"\#(id)"}"#)
            case .locations: ("GET", "sender/2.2.1/locations", nil)
            }
        let answer = try await TestNode.call(
            method, "http://127.0.0.1:\(try #require(publicPorts[worker]))/ocpi/\(path)",
            headers: [
                ("Authorization", Self.token.authorization(encoding: .base64)), ("X-Request-ID", id), ("X-Correlation-ID", id),
                ("OCPI-from-country-code", "NL"), ("OCPI-from-party-id", "MSP"), ("OCPI-to-country-code", "DE"),
                ("OCPI-to-party-id", "CPO"),
            ], body: body, client: client)
        let json = try? JSONValue.parse(answer.body)
        return Answer(status: answer.status, code: json?["status_code"]?.int, data: json?["data"]?.string)
    }
}

/// A party's server that answers reads at once, and POSTs when they are released, unless it holds nothing.
final class HoldingServer: Sendable {
    private struct State {
        var seen: [String] = []
        var isHolding = true
        var held: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let server = PartyServer()

    var url: String { server.url }
    /// The correlation ids of all requests, in order of arrival.
    var seen: [String] { state.withLock { $0.seen } }

    func start() async throws {
        try await server.start(inTasks: { [weak self] in await self?.answer($0) ?? ServerAnswer(503, body: ByteBuffer()) })
    }

    /// Whether POSTs are held from now on.
    func hold(_ isHolding: Bool) { state.withLock { $0.isHolding = isHolding } }

    func stop() async { await server.finish() }

    /// Answers all held requests.
    func release() {
        let held = state.withLock { state in
            defer { state.held = [] }
            return state.held
        }
        for waiting in held { waiting.resume() }
    }

    private func answer(_ request: ServerRequest) async -> ServerAnswer {
        let id = request.header(OCPIHeader.correlationID) ?? ""
        if request.method == .post, state.withLock({ $0.isHolding }) {
            await withCheckedContinuation { waiting in
                state.withLock { state in
                    state.seen.append(id)
                    state.held.append(waiting)
                }
            }
        } else {
            state.withLock { $0.seen.append(id) }
        }
        return .success(.string(id))
    }
}

/// A suite with an ``ExchangeNetwork``.
struct ExchangeNetworkTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        try await ExchangeNetwork.run(function)
    }
}
