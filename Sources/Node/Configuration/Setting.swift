/// One setting of a node: its key, its type, and its default.
struct Setting<Value: Sendable>: Sendable {
    /// Sections and name, separated by dots.
    let key: String
    let type: SettingType<Value>
    let fallback: SettingFallback
    /// Whether its value must not be printed.
    let isSecret: Bool
    /// A description for the operator.
    let help: String
    /// The value if the setting is missing and has no default.
    private let absent: Value?

    /// A required setting.
    init(_ key: String, _ type: SettingType<Value>, secret: Bool = false, _ help: String) {
        self.init(key, type, .required, secret, help, absent: nil)
    }

    /// A setting with a default.
    init(_ key: String, _ type: SettingType<Value>, default value: WrittenValue, secret: Bool = false, _ help: String) {
        self.init(key, type, .value(value), secret, help, absent: nil)
    }

    /// An optional setting without a default.
    /// - Parameter meaning: the effect of leaving it out.
    init<Given: Sendable>(_ key: String, _ type: SettingType<Given>, ifLeftOut meaning: String, secret: Bool = false, _ help: String)
    where Value == Given? {
        self.init(key, type.map { $0 }, .leftOut(meaning), secret, help, absent: .some(nil))
    }

    private init(_ key: String, _ type: SettingType<Value>, _ fallback: SettingFallback, _ isSecret: Bool, _ help: String, absent: Value?) {
        self.key = key
        self.type = type
        self.fallback = fallback
        self.isSecret = isSecret
        self.help = help
        self.absent = absent
    }

    /// The parsed value, or the one that applies without; nil if the setting is required.
    func value(_ raw: WrittenValue?) throws(ValueRefusal) -> Value? {
        if let raw { return try type.read(raw) }
        if case .value(let raw) = fallback { return try type.read(raw) }
        return absent
    }
}

/// What applies if a setting is missing.
enum SettingFallback: Sendable {
    /// It is required: the node does not start.
    case required
    case value(WrittenValue)
    /// A description of the effect.
    case leftOut(String)
}

extension Setting: SettingDeclaration {
    var allowed: String { type.allowed }

    func check(_ raw: WrittenValue) throws(ValueRefusal) { _ = try type.read(raw) }
}
