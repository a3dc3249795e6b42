import NIOCore
import Notary
import OCPI

/// Canonical forms of messages whose signature does not fit the bytes as they came.
///
/// Who asks may be a stranger, and the tree of a message is many times as long as its bytes. So one is built at a time, few are
/// taken in for it, and of these still fewer from one address.
struct CanonicalForms: Sendable {
    private let waiting: UnauthenticatedBudget
    private let writer = Writer()

    /// - Parameter limits: how many are taken in, with the one that is being written.
    init(_ limits: UnauthenticatedBudget.Limits = UnauthenticatedBudget.Limits(requests: 32, perAddress: 8)) {
        waiting = UnauthenticatedBudget(limits)
    }

    /// The canonical form of a message if `signer` has signed that, else nil.
    /// - Throws: 503 when too many wait, at all or from this address.
    func form(
        of message: ByteBuffer, signedBy signer: EthereumAddress, _ signature: String, from client: String
    ) async throws(OCPIError) -> ByteBuffer? {
        guard waiting.enter(client) else { throw OCPIError.busy }
        defer { waiting.leave(client, bytes: 0) }
        return await writer.form(of: message, signedBy: signer, signature)
    }

    /// An actor, so that one form is written after the other and those who wait hold no thread.
    private actor Writer {
        func form(of message: ByteBuffer, signedBy signer: EthereumAddress, _ signature: String) -> ByteBuffer? {
            guard let form = try? OCNMessage.canonical(message), NodeSignature.signer(of: form, signature: signature) == signer else {
                return nil
            }
            return form
        }
    }
}
