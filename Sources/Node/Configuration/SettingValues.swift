/// What all sources say together: the first that gives a setting wins, and all are read strictly.
struct SettingValues: Sendable {
    private let given: [String: [GivenValue]]
    /// Values that cannot be read, wherever they stand, and what is no setting.
    let problems: [ConfigurationProblem]

    /// - Parameter sources: earlier ones win.
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
            // As they stand in the file; all others have no lines and keep their order.
            problems += found.enumerated().sorted { ($0.element.line, $0.offset) < ($1.element.line, $1.offset) }.map(\.element)
        }
        self.given = given
        self.problems = problems
    }

    /// Settings that a node must be given and was not.
    var missing: [ConfigurationProblem] {
        Settings.all.compactMap { setting in
            guard case .required = setting.fallback, given[setting.key] == nil else { return nil }
            return ConfigurationProblem(missing: setting)
        }
    }

    /// The value of a setting: of the first source that gives one, or what holds without.
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

    /// What was given for a setting, the winner first.
    func given(_ setting: any SettingDeclaration) -> [GivenValue] { given[setting.key] ?? [] }

    /// Where a setting was given; nil if it was not.
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
