import Encoding

/// An invalid configuration, with all its problems.
struct ConfigurationError: Error, CustomStringConvertible {
    let problems: [ConfigurationProblem]

    init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    init(description: String) {
        problems = [ConfigurationProblem(description)]
    }

    var description: String {
        guard problems.count != 1 else { return problems[0].description }
        return "the configuration has \(problems.count) problems; nothing was started or changed\n"
            + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
