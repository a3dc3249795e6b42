package import NIOCore

extension JSONValue {
    /// Appends the compact text. Only `"`, `\` and control characters are escaped (`\n` where JSON has a letter, else `\u001F`); `/` and
    /// non-ASCII characters are not. Jackson writes the same, on which peers' signatures depend.
    package func write(into buffer: inout ByteBuffer) {
        switch self {
        case .null: buffer.writeStaticString("null")
        case .bool(true): buffer.writeStaticString("true")
        case .bool(false): buffer.writeStaticString("false")
        case .number(let text): buffer.writeString(text)
        case .string(let text): Self.writeString(text, into: &buffer)
        case .array(let elements):
            buffer.writeStaticString("[")
            var isFirst = true
            for element in elements {
                if !isFirst { buffer.writeStaticString(",") }
                isFirst = false
                element.write(into: &buffer)
            }
            buffer.writeStaticString("]")
        case .object(let members):
            buffer.writeStaticString("{")
            var isFirst = true
            for member in members {
                if !isFirst { buffer.writeStaticString(",") }
                isFirst = false
                Self.writeString(member.name, into: &buffer)
                buffer.writeStaticString(":")
                member.value.write(into: &buffer)
            }
            buffer.writeStaticString("}")
        }
    }

    /// The compact text in a new buffer.
    package func encoded() -> ByteBuffer {
        var buffer = ByteBuffer()
        write(into: &buffer)
        return buffer
    }

    /// The compact text.
    package var text: String { String(buffer: encoded()) }

    private static func writeString(_ text: String, into buffer: inout ByteBuffer) {
        buffer.writeStaticString("\"")
        if text.utf8.contains(where: needsEscape) {
            for byte in text.utf8 {
                if needsEscape(byte) { writeEscape(byte, into: &buffer) } else { buffer.writeInteger(byte) }
            }
        } else {
            buffer.writeString(text)
        }
        buffer.writeStaticString("\"")
    }

    private static func needsEscape(_ byte: UInt8) -> Bool {
        byte < 0x20 || byte == JSONGrammar.quote || byte == JSONGrammar.backslash
    }

    private static func writeEscape(_ byte: UInt8, into buffer: inout ByteBuffer) {
        switch byte {
        case 0x08: buffer.writeStaticString("\\b")
        case 0x09: buffer.writeStaticString("\\t")
        case 0x0A: buffer.writeStaticString("\\n")
        case 0x0C: buffer.writeStaticString("\\f")
        case 0x0D: buffer.writeStaticString("\\r")
        case 0..<0x20:
            buffer.writeStaticString("\\u00")
            buffer.writeString(Hex.encode(CollectionOfOne(byte)).uppercased())
        default:
            buffer.writeStaticString("\\")
            buffer.writeInteger(byte)
        }
    }
}
