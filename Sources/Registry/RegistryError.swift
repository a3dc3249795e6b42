/// A registry that could not be read, or has faulty entries. Nothing was changed.
package struct RegistryError: Error, Equatable, CustomStringConvertible {
    /// All faults with their positions.
    package let problems: [String]

    /// The most problems that the description names.
    private static let named = 5

    /// - Parameter problem: the only problem.
    package init(_ problem: String) { problems = [problem] }

    /// - Parameter problems: all problems.
    package init(problems: [String]) { self.problems = problems }

    /// The first problems in one line.
    package var description: String {
        let rest = problems.count - RegistryError.named
        return problems.prefix(RegistryError.named).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }
}
