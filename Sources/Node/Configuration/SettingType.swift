import Encoding

/// The type of a setting: its permitted values and its parser.
package struct SettingType<Value: Sendable>: Sendable {
    /// The permitted values, as text after "must be".
    package let allowed: String
    /// Parses strictly: invalid values are refused.
    package let read: @Sendable (WrittenValue) throws(ValueRefusal) -> Value

    init(allowed: String, read: @escaping @Sendable (WrittenValue) throws(ValueRefusal) -> Value) {
        self.allowed = allowed
        self.read = read
    }

    /// A type with one text value.
    /// - Parameter parse: returns nil for an invalid value.
    static func one(_ allowed: String, parse: @escaping @Sendable (String) -> Value?) -> SettingType {
        SettingType(allowed: allowed) { raw throws(ValueRefusal) in
            let text = try raw.oneText(allowed)
            guard let value = parse(text) else { throw ValueRefusal("be \(allowed)", found: .value(text)) }
            return value
        }
    }

    /// The same values, converted to another type.
    func map<New>(_ transform: @escaping @Sendable (Value) -> New) -> SettingType<New> {
        let read = read
        return SettingType<New>(allowed: allowed) { raw throws(ValueRefusal) in transform(try read(raw)) }
    }
}

extension SettingType where Value == String {
    /// Any text that is not empty.
    static var text: SettingType { .one("a text that is not empty") { $0.trimmed.isEmpty ? nil : $0 } }
}

extension SettingType where Value == Bool {
    /// Quoted or not: `"true"` is true as well.
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

    /// A TCP port to listen on; 0 for any free one.
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
    /// One of the cases of an enumeration.
    static var choice: SettingType {
        .one("one of \(Value.allCases.map(\.rawValue).joined(separator: ", "))") { Value(rawValue: $0.trimmed.lowercased()) }
    }
}

extension SettingType {
    /// A list of values of one type.
    /// - Parameters:
    ///   - name: the entries as text, e.g. "networks like 10.0.0.0/8".
    ///   - entriesMayHoldCommas: whether an entry may contain a comma.
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
