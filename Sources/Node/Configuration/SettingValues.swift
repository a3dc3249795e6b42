/// The settings of all sources, parsed strictly. The first source that gives a setting takes precedence.
struct SettingValues: Sendable {
    private let given: [String: [GivenValue]]
    /// Values of any source that cannot be parsed, and unknown names.
    let problems: [ConfigurationProblem]

    /// - Parameter sources: earlier ones take precedence.
    init(_ sources: [SettingSource]) {
        var given: [String: [GivenValue]] = [:]
        var problems: [ConfigurationProblem] = []
        for source in sources {
            var found = source.problems
            for setting in Settings.all {
                guard let value = source.values[setting.key] else { continue }
                given[setting.key, default: []].append(value)
                do throws(ValueRefusal) {
                    try setting.check(value.value)
                } catch {
                    found.append(ConfigurationProblem(setting, error, at: value.origin))
                }
            }
            // In the order of the file's lines; others have no lines and keep their order.
            problems += found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        }
        self.given = given
        self.problems = problems
    }

    /// Required settings that are missing.
    var missing: [ConfigurationProblem] {
        Settings.all.compactMap { setting in
            guard case .required = setting.fallback, given[setting.key] == nil else { return nil }
            return ConfigurationProblem(missing: setting)
        }
    }

    /// The value of a setting: from the first source that gives it, or its default.
    func callAsFunction<Value>(_ path: KeyPath<Settings, Setting<Value>>) throws(ConfigurationError) -> Value {
        let setting = Settings.table[keyPath: path]
        let first = given[setting.key]?.first
        do throws(ValueRefusal) {
            guard let value = try setting.value(first?.value) else { throw ValueRefusal("be given") }
            return value
        } catch {
            throw ConfigurationError([ConfigurationProblem(setting, error, at: first?.origin)])
        }
    }

    /// All given values of a setting, the effective one first.
    func given(_ setting: any SettingDeclaration) -> [GivenValue] { given[setting.key] ?? [] }

    /// The origin of a setting's value; nil if it was not given.
    func origin<Value>(_ path: KeyPath<Settings, Setting<Value>>) -> SettingOrigin? {
        given[Settings.table[keyPath: path].key]?.first?.origin
    }
}

extension ConfigurationProblem {
    fileprivate var line: Int {
        guard case .file(_, let line) = origin else { return 0 }
        return line
    }
}
