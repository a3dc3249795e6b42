import Encoding

/// What a setting's value is: what may be written, and how it is read.
package struct SettingType<Value: Sendable>: Sendable {
    /// What may be written, to stand behind "must be".
    package let allowed: String
    /// Reads strictly: what is not understood is refused.
    package let read: @Sendable (WrittenValue) throws(ValueRefusal) -> Value

    init(allowed: String, read: @escaping @Sendable (WrittenValue) throws(ValueRefusal) -> Value) {
        self.allowed = allowed
        self.read = read
    }

    /// One text.
    /// - Parameter parse: nil for what is not allowed.
    static func one(_ allowed: String, parse: @escaping @Sendable (String) -> Value?) -> SettingType {
        SettingType(allowed: allowed) { raw throws(ValueRefusal) in
            let text = try raw.oneText(allowed)
            guard let value = parse(text) else { throw ValueRefusal("be \(allowed)", found: .value(text)) }
            return value
        }
    }

    /// The same text, read as something else.
    func map<New>(_ transform: @escaping @Sendable (Value) -> New) -> SettingType<New> {
        let read = read
        return SettingType<New>(allowed: allowed) { raw throws(ValueRefusal) in transform(try read(raw)) }
    }
}

extension SettingType where Value == String {
    /// Any text but an empty one.
    static var text: SettingType { .one("a text that is not empty") { $0.trimmed.isEmpty ? nil : $0 } }
}

extension SettingType where Value == Bool {
    /// Quoted or not: `"true"` means what it says.
    static var bool: SettingType {
        .one("true or false") { text in
            switch text.trimmed.lowercased() {
            case "true", "yes", "on", "1": true
            case "false", "no", "off", "0": false
            default: nil
            }
        }
    }
}

extension SettingType where Value == Int {
    /// Digits only.
    static func whole(_ range: ClosedRange<Int>, of unit: String = "") -> SettingType {
        .one("a whole number\(unit) from \(range.lowerBound) to \(range.upperBound)") { text in
            guard let number = Int(strictly: text.trimmed), range.contains(number) else { return nil }
            return number
        }
    }

    /// A TCP port to listen on; 0 for any that is free.
    static var port: SettingType { .whole(0...65_535) }
}

extension SettingType where Value == Duration {
    static func hours(_ range: ClosedRange<Int>) -> SettingType {
        SettingType<Int>.whole(range, of: " of hours").map { .seconds($0 * 3600) }
    }

    static func seconds(_ range: ClosedRange<Int>) -> SettingType {
        SettingType<Int>.whole(range, of: " of seconds").map { .seconds($0) }
    }

    static func milliseconds(_ range: ClosedRange<Int>) -> SettingType {
        SettingType<Int>.whole(range, of: " of milliseconds").map { .milliseconds($0) }
    }
}

extension SettingType where Value: RawRepresentable<String> & CaseIterable {
    /// One of the names of an enumeration.
    static var choice: SettingType {
        .one("one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))") { Value(rawValue: $0.trimmed.lowercased()) }
    }
}

extension SettingType {
    /// Values of one type.
    /// - Parameters:
    ///   - name: what the entries are, e.g. "networks like 10.0.0.0/8".
    ///   - entriesMayHoldCommas: whether an entry can hold a comma.
    static func list<Element>(
        of name: String, _ element: SettingType<Element>, entriesMayHoldCommas: Bool = false
    ) -> SettingType where Value == [Element] {
        let allowed = "a list of \(name)"
        return SettingType(allowed: allowed) { raw throws(ValueRefusal) in
            var values: [Element] = []
            for (index, text) in try raw.entries(allowed, entriesMayHoldCommas: entriesMayHoldCommas).enumerated() {
                do throws(ValueRefusal) {
                    values.append(try element.read(.text(text)))
                } catch {
                    var refusal = error
                    refusal.entry = index + 1
                    throw refusal
                }
            }
            return values
        }
    }
}
