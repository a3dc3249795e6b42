/// A setting of any type.
protocol SettingDeclaration: Sendable {
    var key: String { get }
    var fallback: SettingFallback { get }
    var isSecret: Bool { get }
    var help: String { get }
    /// The permitted values, as text after "must be".
    var allowed: String { get }
    /// Checks whether a value can be parsed.
    func check(_ raw: WrittenValue) throws(ValueRefusal)
}

extension SettingDeclaration {
    /// The environment variable of this setting.
    var variable: String { Settings.variablePrefix + key.map { $0 == "." ? "_" : $0.uppercased() }.joined() }
}
