import Kafka
import OCPI

/// What an announcement says of which URL.
struct Supersession: Sendable, Equatable {
    /// Path and query below the recipient's endpoint, in one spelling.
    let place: String
    /// PUT and DELETE: whatever was written there before does not matter any more.
    let isWhole: Bool

    /// Whether the recipient need not be told `earlier` if it is told this next.
    func replaces(_ earlier: Supersession?) -> Bool { isWhole && earlier?.place == place }
}
