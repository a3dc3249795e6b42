import Encoding
import NIOCore
import Notary
import OCPI
import Testing
import Topics

@testable import Ingress

@Suite struct MessageSizeTests {
    /// A body that one node accepts can be forwarded by the next: the limit applies to the body, not to the message around it.
    @Test func theBodyOfAMessageMayBeAsLongAsAnyOther() async throws {
        let ingress = TestIngress(bodyLimit: 4096, maxPendingBytes: 1_000_000)
        func send(_ length: Int) async throws -> Answer {
            let body = ByteBuffer(string: #"{"uid":"\#(String(repeating: "x", count: length - 10))"}"#)
            let message = try OCNMessage(
                module: .tokens, interface: .receiver, method: .put, requestID: "r7", correlationID: "c7", sender: party("NL-REM"),
                receiver: party("DE-MSP"), urlPath: "NL/REM/T1", body: body
            ).encoded()
            return try await ingress.ask(
                "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(message, with: ingress.remoteKey)],
                body: String(buffer: message))
        }
        #expect(try await send(4096).status == 200)
        #expect(ingress.produced.map { $0.body?.readableBytes } == [4096])
        for length in [4097, 4096 * 2 + 64 * 1024] {
            let answer = try await send(length)
            #expect(answer.status == 413 && answer.code == 2000, "\(length)")
        }
        #expect(ingress.produced.count == 1)
    }

    @Test func aBodyInBase64CountsByItsBytes() async throws {
        let ingress = TestIngress(bodyLimit: 4096, maxPendingBytes: 1_000_000)
        for (length, status) in [(4096, 200), (4097, 413)] {
            let message = try OCNMessage(
                module: ModuleID(rawValue: "parking"), isCustom: true, interface: .receiver, method: .put, requestID: "r7",
                correlationID: "c7", sender: party("NL-REM"), receiver: party("DE-MSP"),
                body: ByteBuffer(repeating: 0xFF, count: length)
            ).encoded(verbatim: true)
            let answer = try await ingress.ask(
                "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(message, with: ingress.remoteKey)],
                body: String(buffer: message))
            #expect(answer.status == status, "\(length)")
        }
        #expect(ingress.produced.map { $0.body?.readableBytes } == [4096])
    }
}
