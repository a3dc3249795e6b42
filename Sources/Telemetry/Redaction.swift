/// Keeps secrets out of logs, by the name of the metadata.
enum Redaction {
    static let marker = "[redacted]"

    /// Whether a metadata key names a secret: `Authorization`, `partyToken`, `client-secret`, `password`, `api_key`, `privateKeys`.
    static func looksSecret(_ key: String) -> Bool {
        let folded = key.lowercased()
        if markers.contains(where: folded.contains) { return true }
        return folded.split { !$0.isLetter }.contains { $0.hasSuffix("key") || $0.hasSuffix("keys") } || key.contains("Key")
    }

    private static let markers = ["authorization", "token", "secret", "password", "credential"]
}
