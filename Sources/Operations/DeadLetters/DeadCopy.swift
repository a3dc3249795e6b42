import Kafka
import Topics

/// A copy and all its unresolved dead letters.
package struct DeadCopy: Sendable, Equatable {
    /// The first of them in `ocn.dead`. Its position determines the order of replay.
    package let letter: DeadLetter
    /// All of them.
    package let letters: [DeadLetter]

    init?(_ letters: [DeadLetter]) {
        self.letters = letters.sorted { $0.place < $1.place }
        guard let first = self.letters.first else { return nil }
        letter = first
    }
}
