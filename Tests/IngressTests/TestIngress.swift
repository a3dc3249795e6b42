import Credentials
import Encoding
import HTTPTypes
import Hummingbird
import Inbound
import Kafka
import Logging
import NIOCore
import Notary
import OCPI
import Synchronization
import Topics

@testable import Directory
@testable import Ingress

/// An ingress without Kafka and sockets, with its dependencies replaced.
///
/// `DE-CPO` and `CH-CPO` are one platform, `DE-MSP` is another. `NL-REM` is connected to another node, `FR-OFF` is in the registry under
/// this node and not connected, `AT-NEW` may register with token A.
final class TestIngress: Sendable {
    struct State {
        var directory: Directory
        var produced: [OutgoingRecord] = []
        var published: [(id: String, capability: Capability)] = []
        var capabilities: [String: Capability] = [:]
        var catchUpLimiter = 0
        /// Facts that become visible with the next catch-up.
        var waiting: [Fact] = []
        var produceError: KafkaError?
        var linkError: LinkError?
        var writeFails = false
        /// Kafka accepts records without acknowledging them.
        var isSilent = false
        /// Platforms that were recorded as active.
        var heard: [String] = []
        var objects: [ObjectName: PartyID] = [:]
        var peerCalls: [(url: String, authorization: String)] = []
    }

    static let ownAddress = "0x00000000000000000000000000000000000000aa"
    static let tokenCPO = Token("cpo-token-c")
    static let tokenMSP = Token("msp-token-c")
    static let tokenA = Token("new-token-a")
    static let secrets = NodeSecrets(current: Array("a secret for tests".utf8))
    static let topics = TopicNames()

    let state: Mutex<State>
    /// What the process knows about Kafka.
    let availability = KafkaAvailability()
    let remoteKey = SigningKey.generate()
    let pending: PendingReplies
    let settings: IngressSettings
    /// Milliseconds by which this process's clock is ahead of Kafka's.
    private let ahead: Int64
    /// The recipient's answer; nil for none.
    private let answer: @Sendable (RequestRecord) -> ReplyRecord?
    private let peer: @Sendable (String, String) -> PeerAnswer?

    init(
        timeout: Duration = .seconds(5), bodyLimit: Int = 1024, maxPending: Int = 100, maxPendingBytes: Int = 10_000,
        proxies: TrustedProxies = TrustedProxies(), remoteIsVerbatim: Bool = false, ahead: Int64 = 0,
        answer: @escaping @Sendable (RequestRecord) -> ReplyRecord? = { TestIngress.ok($0) },
        peer: @escaping @Sendable (_ url: String, _ authorization: String) -> PeerAnswer? = { _, _ in nil }
    ) {
        var connections = InboundLimits()
        connections.trustedProxies = proxies
        settings = IngressSettings(
            publicURL: "https://hub.example/", port: 0, hub: party("CH-OCN"), nodeAddress: TestIngress.ownAddress, requestTimeout: timeout,
            bodyLimit: bodyLimit, headerLimit: 4096, connections: connections, replyPartitions: 1)
        pending = PendingReplies(
            epoch: 7, maxCount: maxPending, maxBytes: maxPendingBytes, placesPerSender: maxPending, metrics: IngressMetrics())
        self.ahead = ahead
        self.answer = answer
        self.peer = peer
        var directory = Directory(secrets: TestIngress.secrets)
        for fact in TestIngress.facts(remote: remoteKey.address.hex, isVerbatim: remoteIsVerbatim) { directory.apply(key: fact.key, fact) }
        directory.advance(to: 40)
        state = Mutex(State(directory: directory))
    }

    static func facts(remote: String, isVerbatim: Bool = false) -> [Fact] {
        [
            .platform(
                Platform(
                    id: "cpo", tokenCHashes: [TokenHash.of(tokenCPO)], version: .v2_2_1,
                    roles: [PlatformRole(role: "CPO", party: party("DE-CPO")), PlatformRole(role: "CPO", party: party("CH-CPO"))])),
            .endpoints(platform: "cpo", [Endpoint(module: .cdrs, interface: .sender, url: "https://cpo.example/ocpi/cdrs")]),
            .claim(PartyClaim(party: party("DE-CPO"), platform: "cpo", since: Timestamp(milliseconds: 1))),
            .claim(PartyClaim(party: party("CH-CPO"), platform: "cpo", since: Timestamp(milliseconds: 1))),
            .platform(
                Platform(
                    id: "msp", tokenCHashes: [TokenHash.of(tokenMSP)], version: .v2_2_1,
                    roles: [PlatformRole(role: "EMSP", party: party("DE-MSP"))])),
            .claim(PartyClaim(party: party("DE-MSP"), platform: "msp", since: Timestamp(milliseconds: 1))),
            .status(platform: "cpo", .connected, Timestamp(milliseconds: 1)),
            .status(platform: "msp", .connected, Timestamp(milliseconds: 1)),
            .platform(Platform(id: "new", tokenAHash: TokenHash.of(tokenA), invited: [party("AT-NEW"), party("FR-OFF")])),
            .node(NetworkNode(operatorAddress: ownAddress, url: "https://hub.example", source: "test")),
            .node(NetworkNode(operatorAddress: remote, url: "https://other.example", isVerbatim: isVerbatim, source: "test")),
            .party(NetworkParty(party: party("DE-CPO"), roles: ["CPO"], operatorAddress: ownAddress, source: "test")),
            .party(NetworkParty(party: party("CH-CPO"), roles: ["CPO"], operatorAddress: ownAddress, source: "test")),
            .party(NetworkParty(party: party("DE-MSP"), roles: ["EMSP"], operatorAddress: ownAddress, source: "test")),
            .party(NetworkParty(party: party("NL-LOS"), roles: ["CPO"], operatorAddress: "0xff", source: "test")),
            .party(NetworkParty(party: party("AT-NEW"), roles: ["CPO"], operatorAddress: ownAddress, source: "test")),
            .party(NetworkParty(party: party("FR-OFF"), roles: ["CPO"], operatorAddress: ownAddress, source: "test")),
            .party(NetworkParty(party: party("NL-REM"), roles: ["CPO"], operatorAddress: remote, source: "test")),
        ]
    }

    /// A successful answer of the recipient.
    static func ok(_ request: RequestRecord) -> ReplyRecord {
        ReplyRecord(
            requestID: request.id, requestType: "test", address: request.reply ?? ReplyAddress(partition: 0, epoch: 0), from: request.to,
            time: .now,
            outcome: .answered, httpStatus: 200, contentType: "application/json",
            body: ByteBuffer(string: #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z"}"#))
    }

    var dependencies: IngressDependencies {
        IngressDependencies(
            directory: { self.state.withLock { $0.directory } },
            catchUp: {
                self.state.withLock { state in
                    state.catchUpLimiter += 1
                    for fact in state.waiting { state.directory.apply(key: fact.key, fact) }
                    state.directory.advance(to: state.directory.version + Int64(state.waiting.count))
                    state.waiting = []
                }
            },
            resolve: { token, now in
                self.state.withLock { $0.capabilities[token] }.flatMap { $0.expires > now ? $0 : nil }
            },
            publish: { (capability, id) throws(LinkError) in
                if let error = self.state.withLock({ $0.linkError }) { throw error }
                if let error = self.state.withLock({ $0.produceError }) { throw .kafka(error) }
                self.state.withLock { $0.published.append((id, capability)) }
            },
            send: { record, report in
                if let error = self.state.withLock({ $0.produceError }) { return report(.failure(error)) }
                self.state.withLock { $0.produced.append(record) }
                if self.state.withLock({ $0.isSilent }) { return }
                report(.success(RecordPosition(topic: record.topic, partition: 0, offset: 0)))
                guard let request = TestIngress.request(record), let reply = self.answer(request) else { return }
                self.pending.deliver(reply)
            },
            write: { (changes) throws(StateError) in
                if self.state.withLock({ $0.writeFails }) { throw StateError(description: "refused by the test") }
                self.state.withLock { state in
                    for change in changes {
                        switch change {
                        case .put(let fact): state.directory.apply(key: fact.key, fact)
                        case .delete(let key): state.directory.apply(key: key, nil)
                        }
                    }
                }
            },
            heard: { platform in self.state.withLock { $0.heard.append(platform) } },
            lastHeard: { _ in nil },
            partyOf: { object in self.state.withLock { $0.objects[object] } },
            remember: { object, party in self.state.withLock { $0.objects[object] = party } },
            now: { [ahead] in Timestamp.now.adding(milliseconds: -ahead) },
            isKafkaUnavailable: { self.availability.outage != nil }, wasKafkaUnavailable: { self.availability.wasAway(since: $0) })
    }

    var responder: OCPIResponder {
        OCPIResponder(
            settings, topics: TestIngress.topics, dependencies: dependencies,
            peers: PeerClient(
                ask: { (_, url, authorization, _) throws(OCPIError) in
                    self.state.withLock { $0.peerCalls.append((url, authorization)) }
                    guard let answer = self.peer(url, authorization) else {
                        throw OCPIError(code: .unableToUseClientAPI, message: "nobody there")
                    }
                    return answer
                }),
            secrets: TestIngress.secrets, pending: pending, replyPartition: 3, metrics: IngressMetrics(), logger: TestIngress.silent)
    }

    static let silent = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// The request as EXCHANGE reads it.
    static func request(_ record: OutgoingRecord) -> RequestRecord? {
        try? RequestRecord(
            IncomingRecord(topic: record.topic, partition: 0, offset: 0, key: record.key, value: record.value, headers: record.headers))
    }

    var produced: [RequestRecord] { state.withLock { $0.produced }.compactMap(TestIngress.request) }

    /// Sends a request through the responder.
    /// - Parameters:
    ///   - stream: the body, if it arrives in pieces.
    ///   - address: the remote address of the connection.
    ///   - responder: a responder shared by several requests.
    func ask(
        _ method: String, _ path: String, _ headers: [String: String] = [:], body: String? = nil, stream: AsyncStream<ByteBuffer>? = nil,
        from address: String = "", at responder: OCPIResponder? = nil
    ) async throws -> Answer {
        var fields = HTTPFields()
        for (name, value) in headers {
            guard let name = HTTPField.Name(name) else { continue }
            fields[name] = value
        }
        if let body { fields[.contentLength] = String(body.utf8.count) }
        let head = HTTPRequest(
            method: HTTPRequest.Method(method) ?? .get, scheme: "https", authority: "hub.example", path: path, headerFields: fields)
        let body = stream.map { RequestBody(asyncSequence: $0) } ?? RequestBody(buffer: ByteBuffer(string: body ?? ""))
        let response = try await (responder ?? self.responder).respond(
            to: Request(head: head, body: body), context: IngressContext(address: address))
        return try await Answer(response)
    }
}

/// A response with its complete body.
struct Answer: Sendable {
    let status: Int
    let headers: HTTPFields
    let body: ByteBuffer

    init(_ response: Response) async throws {
        let collected = Collected()
        try await response.body.write(collected)
        status = response.status.code
        headers = response.headers
        body = collected.bytes.withLock { $0 }
    }

    var code: Int? { body.jsonInteger(["status_code"]) }
    var message: String? { body.jsonString(["status_message"]) }
    var json: JSONValue? { try? JSONValue.parse(body) }
    var text: String { String(buffer: body) }

    subscript(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    private final class Collected: ResponseBodyWriter, Sendable {
        let bytes = Mutex(ByteBuffer())

        func write(_ buffer: ByteBuffer) async throws { bytes.withLock { _ = $0.writeImmutableBuffer(buffer) } }
        func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}

func party(_ text: String) -> PartyID {
    guard let party = PartyID(text) else { preconditionFailure("not a party: \(text)") }
    return party
}

/// The headers of a valid request from DE-MSP to DE-CPO, with changes; nil removes one.
func headers(_ changes: [String: String?] = [:]) -> [String: String] {
    var headers: [String: String?] = [
        "Authorization": TestIngress.tokenMSP.authorization(encoding: .base64), "X-Request-ID": "r1", "X-Correlation-ID": "c1",
        "OCPI-from-country-code": "DE", "OCPI-from-party-id": "MSP", "OCPI-to-country-code": "DE", "OCPI-to-party-id": "CPO",
    ]
    for (name, value) in changes { headers.updateValue(value, forKey: name) }
    return headers.compactMapValues { $0 }
}

/// A value that several tasks of a test change.
final class Shared<Value: Sendable>: Sendable {
    private let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }

    func withLock<Result: Sendable>(_ use: (inout Value) -> Result) -> Result {
        value.withLock { value in use(&value) }
    }
}
