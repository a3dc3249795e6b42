/// A registry that could not be read, or entries that make no sense. Nothing was changed.
package struct RegistryError: Error, Equatable, CustomStringConvertible {
    /// What is wrong and where, all of it.
    package let problems: [String]

    /// How many problems a line of text names.
    private static let named = 5

    /// - Parameter problem: the only thing that is wrong.
    package init(_ problem: String) { problems = [problem] }

    /// - Parameter problems: everything that is wrong.
    package init(problems: [String]) { self.problems = problems }

    /// The first problems in one line.
    package var description: String {
        let rest = problems.count - RegistryError.named
        return problems.prefix(RegistryError.named).joined(separator: "; ") + (rest > 0 ? "; and \(rest) more" : "")
    }
}
