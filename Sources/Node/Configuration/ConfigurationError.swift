import Encoding

/// An invalid configuration, with all its problems.
package struct ConfigurationError: Error, CustomStringConvertible {
    /// Every problem that was found.
    package let problems: [ConfigurationProblem]

    /// - Parameter problems: at least one.
    package init(_ problems: [ConfigurationProblem]) {
        self.problems = problems
    }

    /// One problem that is not about a setting alone.
    package init(description: String) {
        problems = [ConfigurationProblem(description)]
    }

    package var description: String {
        guard problems.count != 1 else { return problems[0].description }
        return "the configuration has \(problems.count) problems; nothing was started or changed\n"
            + problems.map { "  \($0)" }.joined(separator: "\n")
    }
}
