import NIOCore
import Notary
import OCPI

@testable import Ingress

extension TestIngress {
    /// A message in which NL-REM sends a PUT of its own object to DE-MSP.
    static func nodeMessage(
        _ module: ModuleID = .tokens, _ path: String = "/NL/REM/T1", _ body: String = #"{"uid":"T1"}"#,
        _ change: (inout OCNMessage) -> Void = { _ in }
    ) throws -> String {
        var message = OCNMessage(
            module: module, interface: .receiver, method: .put, requestID: "r7", correlationID: "c7", sender: party("NL-REM"),
            receiver: party("DE-MSP"), urlPath: path, body: ByteBuffer(string: body))
        change(&message)
        return String(buffer: try message.encoded())
    }

    /// The answer to a message of NL-REM's node, signed over it or over another text.
    func bring(_ text: String, signing: String? = nil) async throws -> Answer {
        let signature = NodeSignature.sign(ByteBuffer(string: signing ?? text), with: remoteKey)
        return try await ask("POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": signature], body: text)
    }
}
