import CSecp256k1

/// The needed calls of libsecp256k1, over byte arrays. Any thread may call.
///
/// Unsafe pointers are used here only to hand fixed-size arrays to C for the duration of one call; every length is checked before.
enum Secp256k1 {
    /// One context for the process: making one costs much more than using it.
    ///
    /// `nonisolated(unsafe)` because it is an opaque C pointer. It is blinded once, before any other thread can see it, and afterwards only
    /// passed where the library takes it as const, which its documentation allows from several threads at once. It is never destroyed.
    private nonisolated(unsafe) static let context: OpaquePointer = {
        // Versions before 0.2 need both flags; later ones ignore them.
        let flags = UInt32(SECP256K1_FLAGS_TYPE_CONTEXT | SECP256K1_FLAGS_BIT_CONTEXT_SIGN | SECP256K1_FLAGS_BIT_CONTEXT_VERIFY)
        guard let context = secp256k1_context_create(flags) else {
            preconditionFailure("libsecp256k1 gave no context")
        }
        // Blinds against side channels. A failure is ignored, because it does not change signatures.
        var generator = SystemRandomNumberGenerator()
        let seed = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        _ = secp256k1_context_randomize(context, seed)
        return context
    }()

    static func isValidSecret(_ secret: [UInt8]) -> Bool {
        secret.count == 32 && secp256k1_ec_seckey_verify(context, secret) == 1
    }

    /// The 64-byte public key of a valid 32-byte secret.
    static func publicKey(of secret: [UInt8]) -> [UInt8]? {
        guard secret.count == 32 else { return nil }
        var key = secp256k1_pubkey()
        guard secp256k1_ec_pubkey_create(context, &key, secret) == 1 else { return nil }
        return serialized(&key)
    }

    /// Makes a deterministic (RFC 6979) signature with low s: 64 bytes r and s, and the recovery id 0 ... 3. Nil if a length is wrong or
    /// the secret invalid.
    static func sign(_ digest: [UInt8], secret: [UInt8]) -> (compact: [UInt8], recoveryID: Int32)? {
        guard digest.count == 32, secret.count == 32 else { return nil }
        var signature = secp256k1_ecdsa_recoverable_signature()
        guard secp256k1_ecdsa_sign_recoverable(context, &signature, digest, secret, nil, nil) == 1 else { return nil }
        var recoveryID: Int32 = 0
        var compact = [UInt8](repeating: 0, count: 64)
        guard secp256k1_ecdsa_recoverable_signature_serialize_compact(context, &compact, &recoveryID, &signature) == 1 else { return nil }
        return (compact, recoveryID)
    }

    /// The 64-byte public key that made the signature; nil if there is none.
    static func recover(_ digest: [UInt8], compact: [UInt8], recoveryID: Int32) -> [UInt8]? {
        guard digest.count == 32, compact.count == 64, (0...3).contains(recoveryID) else { return nil }
        var signature = secp256k1_ecdsa_recoverable_signature()
        guard secp256k1_ecdsa_recoverable_signature_parse_compact(context, &signature, compact, recoveryID) == 1 else { return nil }
        var key = secp256k1_pubkey()
        guard secp256k1_ecdsa_recover(context, &key, &signature, digest) == 1 else { return nil }
        return serialized(&key)
    }

    private static func serialized(_ key: inout secp256k1_pubkey) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 65)
        var length = bytes.count
        let flags = UInt32(SECP256K1_FLAGS_TYPE_COMPRESSION)  // without the compression bit: uncompressed
        guard secp256k1_ec_pubkey_serialize(context, &bytes, &length, &key, flags) == 1, length == 65 else { return nil }
        return Array(bytes.dropFirst())
    }
}
