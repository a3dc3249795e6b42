import Encoding
import FoundationEssentials

/// What one source says of settings, unread.
package struct SettingSource: Sendable {
    /// By key; only of settings that there are.
    var values: [String: GivenValue] = [:]
    /// What is wrong with its form.
    var faults: [ConfigurationProblem] = []
    /// What is no setting.
    var unknown = UnknownNames()

    /// Says nothing.
    package init() {}

    /// All that is wrong with it but for the values.
    var problems: [ConfigurationProblem] { faults + unknown.problems }

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

    private mutating func add(_ value: WrittenValue, for key: String, at origin: SettingOrigin) {
        if Settings.byKey[key] == nil {
            unknown.add(at: origin) { (key, Similar.names(to: key, among: Settings.byKey.keys)) }
        } else {
            values[key] = GivenValue(value: value, origin: origin)
        }
    }

    /// This process's environment.
    package static var environment: SettingSource { environment(ProcessInfo.processInfo.environment) }

    /// Environment variables. Those that begin with `OCN_` are this program's, so each must be a setting.
    package static func environment(_ variables: [String: String]) -> SettingSource {
        var source = SettingSource()
        for (name, text) in variables.sorted(by: { $0.key < $1.key }) where name.hasPrefix(Settings.variablePrefix) {
            if let setting = Settings.byVariable[name] {
                source.values[setting.key] = GivenValue(value: .line(text), origin: .variable(name))
            } else if !isOfOthers(name, text) {
                source.unknown.add(kind: "environment variable ") { (ForeignText.name(name) ?? "OCN_…", similar(to: name.uppercased())) }
            }
        }
        return source
    }

    /// Variables of nearly this name, or of this name in another section.
    private static func similar(to name: String) -> [String] {
        let close = Similar.names(to: name, among: Settings.byVariable.keys)
        guard close.isEmpty else { return close }
        let end = "_" + name.dropFirst(Settings.variablePrefix.count)
        return Settings.byVariable.keys.filter { $0.hasSuffix(end) }.sorted()
    }

    /// Variables of our own tests, and those that Kubernetes makes up for a service called `ocn` or `ocn-…`.
    private static func isOfOthers(_ name: String, _ text: String) -> Bool {
        if name.hasPrefix("OCN_TEST_") || name == "OCN_RELAY_ROOT" { return true }
        if name.hasSuffix("_PORT"), text.contains("://") { return true }
        return name.contains(/_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/)
    }
}
