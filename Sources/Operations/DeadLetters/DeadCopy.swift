import Kafka
import Topics

/// A copy and all dead letters of it that are not resolved.
package struct DeadCopy: Sendable, Equatable {
    /// The first of them in the log: where it stands says when its turn is.
    package let letter: DeadLetter
    /// All of them.
    package let letters: [DeadLetter]

    init?(_ letters: [DeadLetter]) {
        self.letters = letters.sorted { $0.place < $1.place }
        guard let first = self.letters.first else { return nil }
        letter = first
    }
}
