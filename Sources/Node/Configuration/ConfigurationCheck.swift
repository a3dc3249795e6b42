import Encoding

/// The result of `ocn config check` for a file and the environment.
package struct ConfigurationCheck: Sendable {
    private let path: String?
    private let values: SettingValues?
    /// All problems found.
    package let problems: [ConfigurationProblem]

    /// - Parameters:
    ///   - path: YAML file; nil for none.
    ///   - environment: nil to check the file alone, which may then lack required settings.
    package init(path: String?, environment: SettingSource?) {
        self.path = path
        do throws(ConfigurationError) {
            let values = SettingValues(([environment] + [try path.map(SettingSource.file)]).compactMap { $0 })
            (self.values, problems) = (values, try NodeConfiguration.problems(of: values, isWhole: environment != nil))
        } catch {
            (values, problems) = (nil, error.problems)
        }
    }

    /// The text output.
    /// - Parameter all: whether every setting is listed with its value and origin.
    package func lines(all: Bool) -> [String] {
        guard problems.isEmpty, let values else {
            return problems.map(\.description) + ["\(subject): \(problems.count) problem\(problems.count == 1 ? "" : "s")"]
        }
        let rows = Settings.all.map { setting in
            let given = values.given(setting)
            return [setting.key, ConfigurationCheck.shown(setting, given.first), given.first.map { "\($0.origin)" } ?? "default"]
        }
        let overridden = Settings.all.compactMap { setting -> String? in
            let given = values.given(setting)
            guard given.count > 1 else { return nil }
            return "\(setting.key): \(given[0].origin) wins over \(given.dropFirst().map { "\($0.origin)" }.joined(separator: " and "))"
        }
        return (all ? TextTable.lines(rows) : []) + overridden + [conclusion(values)]
    }

    private var subject: String { path ?? "the environment" }

    private func conclusion(_ values: SettingValues) -> String {
        let winners = Settings.all.compactMap { values.given($0).first?.origin }
        let variables = winners.count { if case .variable = $0 { true } else { false } }
        let file = path == nil ? "" : "\(winners.count - variables) settings from the file, "
        return "\(subject) is good: \(file)\(variables) from the environment, \(Settings.all.count - winners.count) by default"
    }

    private static func shown(_ setting: any SettingDeclaration, _ given: GivenValue?) -> String {
        guard let given else { return SettingsText.shortFallback(setting) }
        return setting.isSecret ? "(secret)" : ForeignText.printable(given.value.shown)
    }

    /// The JSON output.
    package var json: String {
        let settings = values.map { values in
            JSONValue.array(
                Settings.all.map { setting in
                    let given = values.given(setting)
                    var value: String?
                    if let first = given.first {
                        value = setting.isSecret ? nil : first.value.shown
                    } else if case .value(let fallback) = setting.fallback {
                        value = fallback.shown
                    }
                    return .object([
                        "key": .string(setting.key), "value": value.map(JSONValue.string), "secret": .bool(setting.isSecret),
                        "source": .string(given.first.map { "\($0.origin)" } ?? "default"),
                        "overridden": .array(given.dropFirst().map { .string("\($0.origin)") }),
                    ])
                })
        }
        return JSONValue.object([
            "valid": .bool(problems.isEmpty),
            "problems": .array(
                problems.map {
                    .object([
                        "key": $0.key.map(JSONValue.string), "problem": .string($0.text),
                        "source": $0.origin.map { .string("\($0)") },
                    ])
                }), "settings": problems.isEmpty ? settings : nil,
        ]).text
    }
}
