/// A fault, and the input that caused it.
package struct FuzzFinding: Sendable, Equatable {
    /// The surface of the input; nil if the input is not known.
    package var surface: Surface?
    /// The number of the case; nil for an oversized input.
    package var number: Int?
    /// The kind of input.
    package var kind: String
    /// The fault.
    package var what: String
    /// The input, escaped and shortened.
    package var input: String

    /// One line of text, with the options that repeat the case.
    func line(seed: UInt64) -> String {
        let command = number.flatMap { number in surface.map { " (--seed \(seed) --surface \($0.rawValue) --case \(number))" } } ?? ""
        return "\(what)\n  \(kind)\(command)" + (input.isEmpty ? "" : "\n  \(input)")
    }
}
