/// One setting of a node: its name, what may be written, and what holds if nothing is written.
struct Setting<Value: Sendable>: Sendable {
    /// Sections and name, with dots between.
    let key: String
    let type: SettingType<Value>
    let fallback: SettingFallback
    /// Never shown.
    let isSecret: Bool
    /// What it does, for the operator.
    let help: String
    /// The value if it is left out and has no default.
    private let absent: Value?

    /// A setting that every node must be given.
    init(_ key: String, _ type: SettingType<Value>, secret: Bool = false, _ help: String) {
        self.init(key, type, .required, secret, help, absent: nil)
    }

    /// A setting with a default.
    init(_ key: String, _ type: SettingType<Value>, default value: WrittenValue, secret: Bool = false, _ help: String) {
        self.init(key, type, .value(value), secret, help, absent: nil)
    }

    /// A setting without a default that may be left out.
    /// - Parameter meaning: what happens then.
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

    /// What a source gave, or what holds without; nil if it had to be given.
    func value(_ raw: WrittenValue?) throws(ValueRefusal) -> Value? {
        if let raw { return try type.read(raw) }
        if case .value(let raw) = fallback { return try type.read(raw) }
        return absent
    }
}

/// What holds if a setting is not given.
enum SettingFallback: Sendable {
    /// The node does not start.
    case required
    case value(WrittenValue)
    /// In words.
    case leftOut(String)
}

extension Setting: SettingDeclaration {
    var allowed: String { type.allowed }

    func check(_ raw: WrittenValue) throws(ValueRefusal) { _ = try type.read(raw) }
}
