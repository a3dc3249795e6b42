import Encoding

/// What a source gives and is no setting: the first ones by name, with what may have been meant, and how many others there are.
struct UnknownNames: Sendable {
    /// How many are told by name.
    static let told = 20

    private var named: [ConfigurationProblem] = []
    private var others = 0
    private var firstOther: SettingOrigin?

    /// - Parameters:
    ///   - kind: what it is, with a blank behind it.
    ///   - describe: what may be shown of its name, nil for nothing, and settings that may be meant; asked only if they are told.
    mutating func add(kind: String = "", at origin: SettingOrigin? = nil, _ describe: () -> (name: String?, similar: [String])) {
        guard named.count < UnknownNames.told else {
            if others == 0 { firstOther = origin }
            others += 1
            return
        }
        let (name, similar) = describe()
        let advice = similar.isEmpty ? "; `ocn config list` shows all" : Similar.question(similar)
        let subject = name.map { kind + $0 } ?? "a key that is no name"
        named.append(ConfigurationProblem(key: name, "there is no setting for \(subject)\(advice)", at: origin))
    }

    var problems: [ConfigurationProblem] {
        guard others > 0 else { return named }
        return named + [ConfigurationProblem("there is no setting for \(others) more, of which this is the first", at: firstOther)]
    }
}
