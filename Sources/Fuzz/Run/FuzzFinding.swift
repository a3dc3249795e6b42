import Synchronization

/// Something that must not happen, and the input with which it did.
package struct FuzzFinding: Sendable, Equatable {
    /// Where the input went; nil if it is not known which input it was.
    package var surface: Surface?
    /// The number of the case; nil for what every run begins with.
    package var number: Int?
    /// What kind of input it was.
    package var kind: String
    /// What happened.
    package var what: String
    /// The input, escaped and cut off.
    package var input: String

    /// For people, with what repeats it.
    func line(seed: UInt64) -> String {
        let command = number.flatMap { number in surface.map { " (--seed \(seed) --surface \($0.rawValue) --case \(number))" } } ?? ""
        return "\(what)\n  \(kind)\(command)" + (input.isEmpty ? "" : "\n  \(input)")
    }
}

/// Findings of all lanes.
final class Findings: Sendable {
    /// Of one kind no more are kept than this: the first ones say it all.
    private static let most = 5
    private let state = Mutex<(kept: [FuzzFinding], count: Int, perWhat: [String: Int])>(([], 0, [:]))
    private let crashes = Mutex<Set<String>>([])

    func note(_ finding: FuzzFinding) {
        state.withLock { state in
            state.count += 1
            state.perWhat[finding.what, default: 0] += 1
            if state.perWhat[finding.what, default: 0] <= Self.most { state.kept.append(finding) }
        }
    }

    func note(_ what: String, kind: String = "the node as a whole", input: String = "") {
        note(FuzzFinding(surface: nil, number: nil, kind: kind, what: what, input: input))
    }

    /// Whether the end of a process has not been noted yet.
    func isNew(crash: String) -> Bool { crashes.withLock { $0.insert(crash).inserted } }

    var kept: [FuzzFinding] { state.withLock { $0.kept } }
    var count: Int { state.withLock { $0.count } }
}

/// Bytes for people: printable ASCII as it is, the rest escaped, secrets left out, cut off where it is long.
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
