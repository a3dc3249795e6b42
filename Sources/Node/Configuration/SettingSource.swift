import Encoding
import FoundationEssentials

/// The unparsed settings of one source.
package struct SettingSource: Sendable {
    /// By key; known settings only.
    var values: [String: GivenValue] = [:]
    /// Problems of the source's format.
    var faults: [ConfigurationProblem] = []
    /// Names that are no setting.
    var unknown = UnknownNames()

    /// All problems except those of values.
    var problems: [ConfigurationProblem] { faults + unknown.problems }

    /// Values that the program itself sets, by key.
    static func program(_ values: [String: WrittenValue]) -> SettingSource {
        var source = SettingSource()
        for (key, value) in values.sorted(by: { $0.key < $1.key }) { source.add(value, for: key, at: .program) }
        return source
    }

    /// Flags of the command line.
    /// - Parameter flags: name, key of the setting, text; nil for a flag that was not given.
    static func flags(_ flags: [(name: String, key: String, text: String?)]) -> SettingSource {
        var source = SettingSource()
        for (name, key, text) in flags {
            if let text { source.add(.line(text), for: key, at: .flag(name)) }
        }
        return source
    }

    private mutating func add(_ value: WrittenValue, for key: String, at origin: SettingOrigin) {
        if Settings.byKey[key] == nil {
            unknown.add(at: origin) { (key, SimilarNames.names(to: key, among: Settings.byKey.keys)) }
        } else {
            values[key] = GivenValue(value: value, origin: origin)
        }
    }

    /// This process's environment.
    package static var environment: SettingSource { environment(ProcessInfo.processInfo.environment) }

    /// Environment variables. Names that begin with `OCN_` belong to this program, so each must be a setting.
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

    /// Variables with a similar name, or with the same name in another section.
    private static func similar(to name: String) -> [String] {
        let close = SimilarNames.names(to: name, among: Settings.byVariable.keys)
        guard close.isEmpty else { return close }
        let end = "_" + name.dropFirst(Settings.variablePrefix.count)
        return Settings.byVariable.keys.filter { $0.hasSuffix(end) }.sorted()
    }

    /// Variables of this project's tests, and those that Kubernetes sets for a service called `ocn` or `ocn-…`.
    private static func isOfOthers(_ name: String, _ text: String) -> Bool {
        if name.hasPrefix("OCN_TEST_") || name == "OCN_RELAY_ROOT" { return true }
        if name.hasSuffix("_PORT"), text.contains("://") { return true }
        return name.contains(/_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)$/)
    }
}
