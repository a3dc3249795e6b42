package import Encoding

/// The compression of a party's signature, before base64.
package enum SignatureEncoding: String, Sendable, CaseIterable {
    /// Brotli, as in the notary libraries for JavaScript and the JVM, and in version 1 nodes.
    case brotli
    /// gzip, as in version 2 nodes.
    case gzip
    /// Uncompressed JSON.
    case plain
}

extension OCNSignature {
    /// The longest accepted text, in bytes.
    package static let maximumTextLength = 1 << 20

    /// The most bytes that a text may decompress to.
    package static let maximumSize = 1 << 20

    /// The header or member value: base64 of the compressed JSON. Fails only when memory is short.
    package func text(_ encoding: SignatureEncoding) throws(SignatureError) -> String {
        let json = Array(self.json.text.utf8)
        let bytes: [UInt8]? =
            switch encoding {
            case .brotli: Brotli.compress(json)
            case .gzip: Gzip.compress(json)
            case .plain: json
            }
        guard let bytes else { throw .unreadable("no memory for compression") }
        return Base64.encode(bytes)
    }

    /// Parses a header or member value in any of the encodings, or bare JSON.
    package init(text: String) throws(SignatureError) {
        let (bytes, _) = try Self.decoded(text)
        let json: JSONValue
        do {
            json = try JSONValue.parse(bytes.span)
        } catch {
            throw .unreadable("no JSON from byte \(error.offset)")
        }
        try self.init(json: json)
    }

    /// The encoding of a value, so that an answer can use the same.
    package static func encoding(of text: String) throws(SignatureError) -> SignatureEncoding {
        try decoded(text).encoding
    }

    private static func decoded(_ text: String) throws(SignatureError) -> (bytes: [UInt8], encoding: SignatureEncoding) {
        if text.utf8.count > maximumTextLength { throw .tooLarge }
        if text.utf8.first == UInt8(ascii: "{") { return (Array(text.utf8), .plain) }
        guard let bytes = Base64.decode(text) else { throw .unreadable("not base64") }
        if bytes.starts(with: Gzip.magic) {
            do throws(Gzip.Failure) {
                return (try Gzip.decompress(bytes, limit: maximumSize), .gzip)
            } catch {
                throw error == .tooLarge ? .tooLarge : .unreadable("not gzip")
            }
        }
        // Brotli has no magic bytes, and may begin with a brace.
        if bytes.first == UInt8(ascii: "{"), (try? JSONScanner.validate(bytes.span)) != nil { return (bytes, .plain) }
        return (try Brotli.decompress(bytes, limit: maximumSize), .brotli)
    }
}

// MARK: - JSON

extension OCNSignature {
    /// The notary object, with members in the order of the libraries, and signatories with checksum as the JavaScript library expects them.
    package var json: JSONValue {
        [
            "fields": .array(fields.map { .string($0) }),
            "hash": .string(hash),
            "rsv": .string(rsv),
            "signatory": .string(signatory.checksummed),
            "rewrites": .array(
                rewrites.map { rewrite in
                    [
                        "rewrittenFields": .object(rewrite.rewrittenFields),
                        "hash": .string(rewrite.hash),
                        "rsv": .string(rewrite.rsv),
                        "signatory": .string(rewrite.signatory.checksummed),
                    ]
                }),
        ]
    }

    /// Parses a notary object. Unknown members are ignored; `rewrites` may be missing.
    package init(json: JSONValue) throws(SignatureError) {
        guard let values = json["fields"]?.array else { throw .unreadable("no fields") }
        var fields: [String] = []
        fields.reserveCapacity(values.count)
        for value in values {
            guard let field = value.string else { throw .unreadable("fields are not texts") }
            fields.append(field)
        }
        var rewrites: [Rewrite] = []
        if let value = json["rewrites"], !value.isNull {
            guard let values = value.array else { throw .unreadable("rewrites are not a list") }
            if values.count > Self.maximumRewrites { throw .tooLarge }
            for value in values {
                guard let originals = value["rewrittenFields"]?.members else { throw .unreadable("no rewrittenFields") }
                let (hash, rsv, signatory) = try Self.seal(value)
                rewrites.append(Rewrite(rewrittenFields: originals, hash: hash, rsv: rsv, signatory: signatory))
            }
        }
        let (hash, rsv, signatory) = try Self.seal(json)
        self.init(fields: fields, hash: hash, rsv: rsv, signatory: signatory, rewrites: rewrites)
    }

    /// The three members that a signature and a rewrite have in common.
    private static func seal(_ json: JSONValue) throws(SignatureError) -> (hash: String, rsv: String, signatory: EthereumAddress) {
        guard let hash = json["hash"]?.string, let rsv = json["rsv"]?.string else { throw .unreadable("no hash or rsv") }
        guard let text = json["signatory"]?.string, let signatory = EthereumAddress(hex: text) else { throw .unreadable("no signatory") }
        return (hash, rsv, signatory)
    }
}
