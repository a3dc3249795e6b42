import Encoding

/// One thing that is wrong with a configuration: what, what is allowed, and where it stands. Without values of secrets.
package struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// The setting, or what was written in its place; nil if it is about a source as a whole.
    let key: String?
    let text: String
    let origin: SettingOrigin?

    init(key: String? = nil, _ text: String, at origin: SettingOrigin? = nil) {
        self.key = key
        self.text = text
        self.origin = origin
    }

    /// A value that cannot be read.
    init(_ setting: any SettingDeclaration, _ refusal: ValueRefusal, at origin: SettingOrigin?) {
        let subject = refusal.entry.map { "entry \($0) of \(setting.key)" } ?? setting.key
        let found =
            switch refusal.found {
            // What stands before an @ may be a password.
            case .value(let text): setting.isSecret || text.contains("@") ? "" : ", not '\(ForeignText.shortened(text, to: 80))'"
            case .kind(let kind): ", not \(kind)"
            case nil: ""
            }
        self.init(key: setting.key, "\(subject) must \(refusal.demand)\(found)", at: origin)
    }

    /// A setting that a node must be given and was not.
    init(missing setting: any SettingDeclaration) {
        self.init(
            key: setting.key,
            "\(setting.key) is missing: \(setting.allowed). \(setting.help) Set it in the configuration file or as \(setting.variable).")
    }

    package var description: String { origin.map { "\(text) (\($0))" } ?? text }
}
