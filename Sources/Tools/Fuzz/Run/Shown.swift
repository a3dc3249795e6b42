/// Formats bytes for output: printable ASCII unchanged, the rest escaped, secrets removed, long texts shortened.
struct Shown: Sendable {
    static let limit = 2000
    private let secrets: [String]

    init(hiding secrets: [String]) { self.secrets = secrets }

    func text(_ bytes: [UInt8], limit: Int = Shown.limit) -> String {
        var text = ""
        for byte in bytes.prefix(limit) {
            switch byte {
            case 0x0D: text += "\\r"
            case 0x0A: text += "\\n"
            case 0x5C: text += "\\\\"
            case 0x20...0x7E: text.unicodeScalars.append(UnicodeScalar(byte))
            default: text += "\\x" + String(String(UInt16(byte) + 0x100, radix: 16).dropFirst())
            }
        }
        for secret in secrets { text = text.replacing(secret, with: "<token>") }
        return bytes.count > limit ? text + "…" : text
    }
}
