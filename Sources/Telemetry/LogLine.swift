import Logging

/// One log event as bytes, with its line end. Values under names that look secret are replaced, at any depth.
struct LogLine {
    var time: LogTime
    var level: Logger.Level
    var logger: String
    var message: String
    var metadata: Logger.Metadata

    /// `{"time":"…","level":"info","logger":"…","message":"…",…}`, then the metadata, sorted; a key that is in use gets the prefix
    /// `metadata.`.
    func json() -> [UInt8] {
        var bytes = [UInt8](#"{"time":"\#(time.text)","level":"\#(level)","logger":"#.utf8)
        bytes.appendJSON(logger)
        bytes += #","message":"#.utf8
        bytes.appendJSON(message)
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            bytes += ",".utf8
            bytes.appendJSON(["time", "level", "logger", "message"].contains(key) ? "metadata.\(key)" : key)
            bytes += ":".utf8
            Self.appendJSON(value, named: key, to: &bytes)
        }
        bytes += "}\n".utf8
        return bytes
    }

    /// `13:30:15.123 info  ocn.kafka: message key=value`.
    /// Control characters are escaped, so that outside text cannot forge lines or colours.
    func text(colour: Bool) -> [UInt8] {
        let name = "\(level)"
        let padding = String(repeating: " ", count: max(0, 8 - name.utf8.count))
        let shown = colour ? "\u{1b}[\(Self.colour(of: level))m\(name)\u{1b}[0m" : name
        var line = "\(time.timeOfDay) \(shown)\(padding) \(Self.printable(logger)): \(Self.printable(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(Self.printable(key))=\(Self.printable(Self.plain(value, named: key)))"
        }
        return [UInt8]((line + "\n").utf8)
    }

    private static func appendJSON(_ value: Logger.Metadata.Value, named name: String, to bytes: inout [UInt8]) {
        if Redaction.looksSecret(name) { return bytes.appendJSON(Redaction.marker) }
        switch value {
        case .string(let text):
            bytes.appendJSON(text)
        case .stringConvertible(let value):
            if let number = value as? any BinaryInteger {
                bytes += "\(number)".utf8
            } else {
                bytes.appendJSON(value.description)
            }
        case .array(let values):
            bytes += "[".utf8
            for (index, value) in values.enumerated() {
                if index > 0 { bytes += ",".utf8 }
                appendJSON(value, named: "", to: &bytes)
            }
            bytes += "]".utf8
        case .dictionary(let members):
            bytes += "{".utf8
            for (index, (key, value)) in members.sorted(by: { $0.key < $1.key }).enumerated() {
                if index > 0 { bytes += ",".utf8 }
                bytes.appendJSON(key)
                bytes += ":".utf8
                appendJSON(value, named: key, to: &bytes)
            }
            bytes += "}".utf8
        @unknown default:
            bytes.appendJSON("\(value)")
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
