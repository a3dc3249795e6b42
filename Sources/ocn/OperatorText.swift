import ArgumentParser
import Encoding
import Glibc
import Node

/// Parses and formats the text of operators' commands.
enum OperatorText {
    /// Parses `2026-11-22T13:30:00Z`, or a duration before now like `90m`.
    static func time(_ text: String) throws -> Timestamp {
        if let time = Timestamp(rfc3339: text) { return time }
        guard let ago = milliseconds(text) else {
            throw ValidationError("'\(text)' is no time: write one like 2026-11-22T13:30:00Z, or 90m, 12h, 3d for so long ago")
        }
        return Timestamp.now.adding(milliseconds: -ago)
    }

    /// Parses `500ms`, `2s`, `5m`, `1h`, `3d`.
    /// - Parameter limit: the longest permitted duration, in the same notation.
    static func duration(_ text: String, upTo limit: String) throws -> Duration {
        guard let milliseconds = milliseconds(text) else {
            throw ValidationError("'\(text)' is no duration: write one like 500ms, 2s, 5m or 1h")
        }
        guard let most = self.milliseconds(limit), milliseconds <= most else {
            throw ValidationError("'\(text)' is too long: at most \(limit)")
        }
        return .milliseconds(milliseconds)
    }

    /// Parses the address of a Kafka, like `kafka.bootstrap`.
    static func brokers(_ text: String) throws -> String { try setting(.brokers, text) }

    /// Parses the prefix of topic names, like `kafka.prefix`.
    static func topicPrefix(_ text: String) throws -> String { try setting(.topicPrefix, text) }

    private static func setting(_ type: SettingType<String>, _ text: String) throws -> String {
        do throws(ValueRefusal) {
            return try type.read(.text(text))
        } catch {
            throw ValidationError("it must be \(type.allowed)")
        }
    }

    private static func milliseconds(_ text: String) -> Int64? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        let units: [Substring: Int64] = ["ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000]
        guard let number = Int64(digits), let unit = units[text[digits.endIndex...]] else { return nil }
        let (product, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : product
    }

    /// A duration as text: `3 d 4 h`, `12 min`, `5 s`.
    static func age(milliseconds: Int64) -> String {
        let seconds = max(0, milliseconds / 1000)
        switch seconds {
        case ..<120: return "\(seconds) s"
        case ..<7200: return "\(seconds / 60) min"
        case ..<172_800: return "\(seconds / 3600) h \(seconds / 60 % 60) min"
        default: return "\(seconds / 86_400) d \(seconds / 3600 % 24) h"
        }
    }

    /// Text from outside without terminal control characters.
    static func printable(_ text: some StringProtocol, lines: Bool = false) -> String { ForeignText.printable(text, lines: lines) }

    /// The name of the current user, e.g. `anna@node-1`.
    static var operatorName: String {
        let user = getenv("USER").map { String(cString: $0) } ?? "uid-\(getuid())"
        var name = [CChar](repeating: 0, count: 256)
        guard gethostname(&name, name.count - 1) == 0 else { return user }
        return "\(user)@\(String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self))"
    }
}
