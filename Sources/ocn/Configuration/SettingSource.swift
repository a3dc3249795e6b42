import FoundationEssentials
import Wire

/// A value and where it stands.
struct GivenValue: Sendable {
    let value: WrittenValue
    let origin: Origin
}

/// What one source says of settings, unread.
struct SettingSource: Sendable {
    /// By key; only of settings that there are.
    var values: [String: GivenValue] = [:]
    /// What is no setting.
    var problems: [ConfigurationProblem] = []

    /// Values that the program itself decides, by key.
    static func program(_ values: [String: WrittenValue]) -> SettingSource {
        var source = SettingSource()
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { source.add(value, for: key, at: .program) }
        return source
    }

    /// Flags of the command line.
    /// - Parameter flags: name, key of the setting, text; without text a flag says nothing.
    static func flags(_ flags: [(name: String, key: String, text: String?)]) -> SettingSource {
        var source = SettingSource()
        for (name, key, text) in flags {
            if let text { source.add(.line(text), for: key, at: .flag(name)) }
        }
        return source
    }

    private mutating func add(_ value: WrittenValue, for key: String, at origin: Origin) {
        if Settings.byKey[key] == nil {
            problems.append(SettingSource.unknown(key, key, Similar.names(to: key, among: Settings.byKey.keys), at: origin))
        } else {
            values[key] = GivenValue(value: value, origin: origin)
        }
    }

    /// This process's environment.
    static var environment: SettingSource { environment(ProcessInfo.processInfo.environment) }

    /// Environment variables. Those that begin with `OCN_` are this program's, so each must be a setting.
    static func environment(_ variables: [String: String]) -> SettingSource {
        var source = SettingSource()
        for (name, text) in variables.sorted(by: { $0.key < $1.key }) where name.hasPrefix(Settings.variablePrefix) {
            if let setting = Settings.byVariable[name] {
                source.values[setting.key] = GivenValue(value: .line(text), origin: .variable(name))
            } else if !isOfOthers(name, text) {
                var similar = Similar.names(to: name.uppercased(), among: Settings.byVariable.keys)
                if similar.isEmpty {
                    let end = "_" + name.uppercased().dropFirst(Settings.variablePrefix.count)
                    similar = Settings.byVariable.keys.filter { $0.hasSuffix(end) }.sorted()
                }
                source.problems.append(unknown(name, "environment variable \(name)", similar))
            }
        }
        return source
    }

    /// Something that is no setting.
    static func unknown(_ key: String, _ subject: String, _ similar: [String], at origin: Origin? = nil) -> ConfigurationProblem {
        let advice = similar.isEmpty ? "; `ocn config list` shows all" : Similar.question(similar)
        return ConfigurationProblem(key: key, "there is no setting for \(OperatorText.printable(subject))\(advice)", at: origin)
    }

    /// Variables of our own tests, and those that Kubernetes makes up for a service called `ocn` or `ocn-…`.
    private static func isOfOthers(_ name: String, _ text: String) -> Bool {
        if name.hasPrefix("OCN_TEST_") || name == "OCN_RELAY_ROOT" { return true }
        if name.hasSuffix("_PORT"), text.contains("://") { return true }
        return name.contains(/_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/)
    }
}
