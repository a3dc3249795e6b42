import Encoding

/// The names in a source that are no setting: the first ones with suggestions, and the number of others.
struct UnknownNames: Sendable {
    /// Maximum number of names that are listed.
    static let maxListed = 20

    private var named: [ConfigurationProblem] = []
    private var others = 0
    private var firstOther: SettingOrigin?

    /// - Parameters:
    ///   - kind: the kind of name, with a trailing blank.
    ///   - describe: returns the printable form of the name, nil if it must not be printed, and similar settings. Called only if the name
    ///     is listed.
    mutating func add(kind: String = "", at origin: SettingOrigin? = nil, _ describe: () -> (name: String?, similar: [String])) {
        guard named.count < UnknownNames.maxListed else {
            if others == 0 { firstOther = origin }
            others += 1
            return
        }
        let (name, similar) = describe()
        let advice = similar.isEmpty ? "; `ocn config list` shows all" : SimilarNames.question(similar)
        let subject = name.map { kind + $0 } ?? "a key that is no name"
        named.append(ConfigurationProblem(key: name, "there is no setting for \(subject)\(advice)", at: origin))
    }

    var problems: [ConfigurationProblem] {
        guard others > 0 else { return named }
        return named + [ConfigurationProblem("there is no setting for \(others) more, of which this is the first", at: firstOther)]
    }
}
