import AsyncHTTPClient
import Demo
import Encoding
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Synchronization
import TestParties
import Testing

/// A party like those of the reference nodes' tests: it uses OCPI 2.2, signs its requests and answers, and rejects a wrong token with HTTP
/// 200.
final class ReferenceParty: Sendable {
    /// Answers a request of a module; nil for a module that it does not serve.
    typealias Replies = @Sendable (ReferenceParty, ServerRequest) async -> ReferenceAnswer?

    let id: PartyID
    let role: String
    let key = SigningKey.generate()
    let node: ReferenceNode
    /// The encoding of tokens in `Authorization`.
    let encoding: TokenEncoding
    /// All requests, including configuration modules, in order of arrival.
    let received = Inbox<ServerRequest>()
    private let modules: [(name: String, interface: InterfaceRole)]
    private let replies: Replies
    private let tokenB = Token.generate()
    private let tokenC = Mutex<Token?>(nil)
    private let server = PartyServer()

    /// A party that does not listen yet.
    init(
        _ id: PartyID, _ role: String, at node: ReferenceNode, encoding: TokenEncoding = .base64,
        modules: [(name: String, interface: InterfaceRole)], replies: @escaping Replies
    ) {
        self.id = id
        self.role = role
        self.node = node
        self.encoding = encoding
        self.modules = modules
        self.replies = replies
    }

    /// Base URL of its server.
    var url: String { server.url }
    /// Its URL of a module.
    func url(_ module: String) -> String { "\(url)/ocpi/2.2/\(module)" }

    func start() async throws {
        try await server.start(inTasks: { [weak self] request in
            await self?.answer(request) ?? ServerAnswer(503, body: ByteBuffer())
        })
    }

    func stop() async { await server.finish() }

    // MARK: Registration

    /// Gets token A from the node's operator, sends POST credentials, and stores token C.
    func register() async throws {
        let invitation = try await node.admin(
            "POST", "/admin/generate-registration-token", body: #"[{"country_code":"\#(id.country)","party_id":"\#(id.party)"}]"#)
        let tokenA = Token(try #require(try JSONValue.parse(invitation.body)["token"]?.string, "\(id): \(invitation.body)"))
        let answer = try await exchange(
            .post, node.url + "/ocpi/2.2/credentials", [(OCPIHeader.authorization, tokenA.authorization(encoding: encoding))],
            body: credentials.encoded())
        let token = try #require(answer.data?["token"]?.string, "\(id) was not registered: \(answer.message)")
        tokenC.withLock { $0 = Token(token) }
    }

    /// DELETE credentials.
    func leave() async throws {
        let answer = try await exchange(.delete, node.url + "/ocpi/2.2/credentials", try authorization(), body: nil)
        #expect(answer.code == 1000, "\(answer.message)")
        tokenC.withLock { $0 = nil }
    }

    // MARK: Calls

    /// Calls the node with routing headers, signed.
    /// - Parameters:
    ///   - isCustom: whether the body is signed as text.
    ///   - to: DE-OCN is the node itself in the reference's tests.
    ///   - to: DE-OCN stands for the node itself in the reference's tests.
    func call(
        _ method: OCPI.Method, _ url: String, to: PartyID, body: ByteBuffer? = nil, isCustom: Bool = false
    ) async throws -> ReferenceReply {
        var headers = try headers(to: to)
        let values = try SignableValues.request(
            params: ReferenceSignature.params(of: url), body: ReferenceSignature.body(body, isCustom: isCustom)
        ) { name in headers.first { $0.0.lowercased() == name }?.1 }
        headers.append((OCPIHeader.signature, try OCNSignature.sign(values, with: key, numbers: .js).text(.brotli)))
        return try await exchange(method, url, headers, body: body)
    }

    /// Token, message ids and routing headers of a call, without signature.
    func headers(to: PartyID) throws -> [(String, String)] {
        try authorization() + [
            (OCPIHeader.requestID, UUIDText.v4()), (OCPIHeader.correlationID, UUIDText.v4()), (OCPIHeader.fromCountry, id.country),
            (OCPIHeader.fromParty, id.party), (OCPIHeader.toCountry, to.country), (OCPIHeader.toParty, to.party),
        ]
    }

    /// The same for a path below the node's interfaces, like `sender/2.2/locations/1`.
    func call(
        _ method: OCPI.Method, below path: String, to: PartyID, body: ByteBuffer? = nil, isCustom: Bool = false
    ) async throws -> ReferenceReply {
        try await call(method, "\(node.url)/ocpi/\(path)", to: to, body: body, isCustom: isCustom)
    }

    /// Calls a module that the node answers itself, without routing headers.
    func configure(_ method: OCPI.Method, _ path: String, body: String? = nil) async throws -> ReferenceReply {
        try await exchange(method, node.url + path, try authorization(), body: body.map { ByteBuffer(string: $0) })
    }

    private func authorization() throws -> [(String, String)] {
        let token = try #require(tokenC.withLock { $0 }, "\(id) is not registered")
        return [(OCPIHeader.authorization, token.authorization(encoding: encoding))]
    }

    private func exchange(
        _ method: OCPI.Method, _ url: String, _ headers: [(String, String)], body: ByteBuffer?
    ) async throws -> ReferenceReply {
        var request = HTTPClientRequest(url: url)
        request.method = HTTPMethod(rawValue: method.rawValue)
        request.headers = HTTPHeaders(headers)
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        return ReferenceReply(
            status: Int(response.status.code), headers: response.headers,
            body: try await response.body.collect(upTo: 8 * 1024 * 1024))
    }

    // MARK: Server

    private func answer(_ request: ServerRequest) async -> ServerAnswer {
        received.append(request)
        guard request.header(OCPIHeader.authorization) == tokenB.authorization(encoding: encoding) else {
            return ReferenceAnswer(code: 2001, message: "unknown token").signed(with: key)
        }
        switch request.path {
        case "/ocpi/versions":
            return .success([["version": "2.2", "url": .string("\(url)/ocpi/2.2")]])
        case "/ocpi/2.2":
            return .success(["version": "2.2", "endpoints": .array(endpoints)])
        default:
            return (await replies(self, request) ?? ReferenceAnswer(code: 2000, message: "not served")).signed(with: key)
        }
    }

    private var endpoints: [JSONValue] {
        ([("credentials", InterfaceRole.receiver)] + modules).map { name, interface in
            ["identifier": .string(name), "role": .string(interface.rawValue), "url": .string(url(name))]
        }
    }

    private var credentials: JSONValue {
        [
            "token": .string(tokenB.raw), "url": .string("\(url)/ocpi/versions"),
            "roles": [
                [
                    "role": .string(role), "business_details": ["name": .string("Reference \(id)")], "party_id": .string(id.party),
                    "country_code": .string(id.country),
                ]
            ],
        ]
    }
}
