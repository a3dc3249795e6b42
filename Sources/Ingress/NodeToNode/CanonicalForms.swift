import NIOCore
import Notary
import OCPI

/// Computes canonical forms of messages whose signature does not match the received bytes.
///
/// The caller may be unauthenticated, and the tree of a message needs many times the memory of its bytes. So one tree is built at a time,
/// few messages may wait, and even fewer from one address.
struct CanonicalForms: Sendable {
    private let waiting: UnauthenticatedBudget
    private let writer = Writer()

    /// - Parameter limits: maximum number of waiting messages, including the one being processed.
    init(_ limits: UnauthenticatedBudget.Limits = UnauthenticatedBudget.Limits(requests: 32, perAddress: 8)) {
        waiting = UnauthenticatedBudget(limits)
    }

    /// The canonical form of a message if `signer` has signed it, else nil.
    /// - Throws: 503 when too many messages wait, in total or from this address.
    func form(
        of message: ByteBuffer, signedBy signer: EthereumAddress, _ signature: String, from client: String
    ) async throws(OCPIError) -> ByteBuffer? {
        guard waiting.enter(client) else { throw OCPIError.busy }
        defer { waiting.leave(client, bytes: 0) }
        return await writer.form(of: message, signedBy: signer, signature)
    }

    /// An actor, so that one form is computed at a time and waiting callers hold no thread.
    private actor Writer {
        func form(of message: ByteBuffer, signedBy signer: EthereumAddress, _ signature: String) -> ByteBuffer? {
            guard let form = try? OCNMessage.canonical(message), NodeSignature.signer(of: form, signature: signature) == signer else {
                return nil
            }
            return form
        }
    }
}
