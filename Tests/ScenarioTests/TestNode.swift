import AsyncHTTPClient
import Encoding
import Foundation
import NIOCore
import NIOHTTP1
import Notary
import Support
import Testbed
import Testing

@testable import Node

/// A node in child processes: addresses, keys, and calls to it.
struct TestNode: Sendable {
    let bootstrap: String
    let publicPort: Int
    let privatePort: Int
    let environment: [String: String]
    static let adminKey = "the-operators-key-of-the-test"

    init(bootstrap: String, prefix: String) async throws {
        let (publicPort, privatePort) = try FreePorts.two()
        self.bootstrap = bootstrap
        self.publicPort = publicPort
        self.privatePort = privatePort
        environment = [
            "OCN_NODE_URL": "http://127.0.0.1:\(publicPort)", "OCN_NODE_SECRET": "a secret of the test node",
            "OCN_NODE_KEY": ConfigurationText.key, "OCN_NODE_ADMIN_KEY": TestNode.adminKey,
            "OCN_HTTP_PUBLIC_HOST": "127.0.0.1", "OCN_HTTP_PUBLIC_PORT": "\(publicPort)", "OCN_HTTP_ALLOW_NETWORKS": "127.0.0.0/8",
            "OCN_KAFKA_BOOTSTRAP": bootstrap, "OCN_KAFKA_PREFIX": prefix, "OCN_PUSH_BACKOFF_BASE_MS": "100",
            "OCN_KAFKA_REPLICATION": "\(try await TestKafka.replication)",
        ]
    }

    /// The address of the key in ``environment``.
    static let address = SigningKey(hex: ConfigurationText.key)?.address.hex ?? ""

    var publicURL: String { "http://127.0.0.1:\(publicPort)" }

    /// Whether the process with this private listener is ready.
    static func isReady(port: Int) async throws -> Bool {
        guard let answer = try? await call("GET", "http://127.0.0.1:\(port)/ready") else { return false }
        return answer.status == 200
    }

    /// Makes one HTTP call. A refused connection is retried until the timeout.
    static func call(
        _ method: String, _ url: String, headers: [(String, String)] = [], body: String? = nil, within limit: TimeAmount = .seconds(20),
        client: HTTPClient = .shared
    ) async throws -> (status: Int, headers: [String: String], body: String) {
        var request = HTTPClientRequest(url: url)
        request.method = .RAW(value: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.replaceOrAdd(name: "content-type", value: "application/json")
            request.body = .bytes(ByteBuffer(string: body))
        }
        let response = try await client.execute(request, timeout: limit)
        let bytes = try await response.body.collect(upTo: 8 * 1024 * 1024)
        var found: [String: String] = [:]
        for header in response.headers { found[header.name.lowercased()] = header.value }
        return (Int(response.status.code), found, String(buffer: bytes))
    }
}
