import Directory
import Notary
import OCPI

/// Verifies parties' signatures on incoming requests (OCN Notary). A pure function of the snapshot.
///
/// A signature that is present must be valid, even where none is required. It proves that the sender, or the operator of its node, wrote
/// the signed values. It covers neither the time nor the path.
struct RequestSignatures: Sendable {
    /// Whether every request must be signed, even if the recipient does not require it.
    let isRequired: Bool

    /// Checks whether the request may be forwarded.
    /// - Returns: nil for an unsigned request that need not be signed.
    /// - Throws: 2001 for a signature that is required and missing, unreadable or invalid, and for a signer that is neither the sender nor
    ///   the operator of its node.
    @discardableResult
    func check(_ request: SignedRequest, in directory: Directory) throws(OCPIError) -> VerifiedSignature? {
        guard let text = request.signature else {
            guard !isRequired, request.to.map(directory.wantsSignatures) != true else {
                throw refusal("OCN-Signature is missing: \(isRequired ? "this node" : "the receiver") wants signed requests")
            }
            return nil
        }
        let values = try request.values()
        let verified: VerifiedSignature
        do {
            verified = try OCNSignature(text: text).verify(values)
        } catch {
            throw refusal("OCN-Signature: \(error)")
        }
        try check(verified, of: request.from, in: directory)
        // The list of signed places is not signed itself: with places left out, an old signature could be made to match a new request.
        guard verified.coversEverything || !request.isVerbatim else {
            throw refusal("OCN-Signature does not cover all headers, query parameters and values of the body")
        }
        return verified
    }

    /// The last signer is responsible for earlier ones: the operator of a node may sign for its parties anyway.
    private func check(_ verified: VerifiedSignature, of sender: PartyID, in directory: Directory) throws(OCPIError) {
        guard let party = directory.networkParty(sender) else {
            throw refusal("OCN-Signature cannot be checked: \(sender) is not in the registry")
        }
        guard let signatory = verified.signatories.first else { throw refusal("OCN-Signature names no signatory") }
        let allowed = [party.partyAddress, party.operatorAddress].compactMap { $0.flatMap { EthereumAddress(hex: $0) } }
        guard allowed.contains(signatory) else {
            throw refusal("OCN-Signature is by \(signatory), who is neither \(sender) nor the operator of its node")
        }
    }

    private func refusal(_ message: String) -> OCPIError { OCPIError(code: .invalidParameters, message: message) }
}
