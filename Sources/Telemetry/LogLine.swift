import Encoding
import Logging
import NIOCore

/// One log event as bytes, with its line end. Values under names that look secret are replaced, at any depth.
struct LogLine {
    var time: Timestamp
    var level: Logger.Level
    var logger: String
    var message: String
    var metadata: Logger.Metadata

    /// `{"time":"…","level":"info","logger":"…","message":"…",…}`, then the metadata, sorted; a key that is in use gets the prefix
    /// `metadata.`.
    func json() -> [UInt8] {
        let names = ["time", "level", "logger", "message"]
        let values = ["\(time)", "\(level)", logger, message]
        var members = zip(names, values).map { JSONMember(name: $0, value: .string($1)) }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            members.append(JSONMember(name: names.contains(key) ? "metadata.\(key)" : key, value: Self.json(value, named: key)))
        }
        return Array(JSONValue.object(members).encoded().readableBytesView) + "\n".utf8
    }

    /// `13:30:15.123 info  ocn.kafka: message key=value`.
    /// Control characters are escaped, so that outside text cannot forge lines or colours.
    func text(colour: Bool) -> [UInt8] {
        let name = "\(level)"
        let padding = String(repeating: " ", count: max(0, 8 - name.utf8.count))
        let shown = colour ? "\u{1b}[\(Self.colour(of: level))m\(name)\u{1b}[0m" : name
        var line = "\(time.description.dropFirst(11).dropLast()) \(shown)\(padding) \(Self.printable(logger)): \(Self.printable(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(Self.printable(key))=\(Self.printable(Self.plain(value, named: key)))"
        }
        return [UInt8]((line + "\n").utf8)
    }

    private static func json(_ value: Logger.Metadata.Value, named name: String) -> JSONValue {
        if Redaction.looksSecret(name) { return .string(Redaction.marker) }
        return switch value {
        case .string(let text): .string(text)
        case .stringConvertible(let number as any BinaryInteger): .int(number)
        case .stringConvertible(let value): .string(value.description)
        case .array(let values): .array(values.map { json($0, named: "") })
        case .dictionary(let members):
            .object(members.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: json($0.value, named: $0.key)) })
        @unknown default: .string("\(value)")
        }
    }

    private static func plain(_ value: Logger.Metadata.Value, named name: String) -> String {
        if Redaction.looksSecret(name) { return Redaction.marker }
        switch value {
        case .string(let text): return text
        case .stringConvertible(let value): return value.description
        case .array(let values): return "[" + values.map { plain($0, named: "") }.joined(separator: ", ") + "]"
        case .dictionary(let members):
            let pairs = members.sorted { $0.key < $1.key }.map { "\($0.key): \(plain($0.value, named: $0.key))" }
            return "{" + pairs.joined(separator: ", ") + "}"
        @unknown default: return "\(value)"
        }
    }

    private static func printable(_ text: String) -> String {
        guard text.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else { return text }
        var result = ""
        for scalar in text.unicodeScalars {
            if scalar.properties.generalCategory == .control {
                result += scalar.escaped(asASCII: false)
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    private static func colour(of level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 90  // grey
        case .info: 32  // green
        case .notice: 36  // cyan
        case .warning: 33  // yellow
        case .error, .critical: 31  // red
        }
    }
}
