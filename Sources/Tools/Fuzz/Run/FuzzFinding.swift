/// Something that must not happen, and the input with which it did.
package struct FuzzFinding: Sendable, Equatable {
    /// Where the input went; nil if it is not known which input it was.
    package var surface: Surface?
    /// The number of the case; nil for what every run begins with.
    package var number: Int?
    /// What kind of input it was.
    package var kind: String
    /// What happened.
    package var what: String
    /// The input, escaped and cut off.
    package var input: String

    /// For people, with what repeats it.
    func line(seed: UInt64) -> String {
        let command = number.flatMap { number in surface.map { " (--seed \(seed) --surface \($0.rawValue) --case \(number))" } } ?? ""
        return "\(what)\n  \(kind)\(command)" + (input.isEmpty ? "" : "\n  \(input)")
    }
}
