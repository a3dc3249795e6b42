import Encoding

/// One problem of a configuration: what is wrong, what is allowed, and the origin. It contains no secrets.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// The setting, or the unknown name in its place; nil if the problem concerns a whole source.
    let key: String?
    let text: String
    let origin: SettingOrigin?

    init(key: String? = nil, _ text: String, at origin: SettingOrigin? = nil) {
        self.key = key
        self.text = text
        self.origin = origin
    }

    /// A value that cannot be parsed.
    init(_ setting: any SettingDeclaration, _ refusal: ValueRefusal, at origin: SettingOrigin?) {
        let subject = refusal.entry.map { "entry \($0) of \(setting.key)" } ?? setting.key
        let found =
            switch refusal.found {
            // The part before an @ may be a password.
            case .value(let text): setting.isSecret || text.contains("@") ? "" : ", not '\(ForeignText.shortened(text, to: 80))'"
            case .kind(let kind): ", not \(kind)"
            case nil: ""
            }
        self.init(key: setting.key, "\(subject) must \(refusal.demand)\(found)", at: origin)
    }

    /// A required setting that is missing.
    init(missing setting: any SettingDeclaration) {
        self.init(
            key: setting.key,
            "\(setting.key) is missing: \(setting.allowed). \(setting.help) Set it in the configuration file or as \(setting.variable).")
    }

    package var description: String { origin.map { "\(text) (\($0))" } ?? text }
}
