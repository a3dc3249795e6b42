import Kafka
import OCPI

/// The URL that an announcement writes to, and whether it replaces earlier ones.
struct Supersession: Sendable, Equatable {
    /// Path and query below the recipient's endpoint, in one spelling.
    let place: String
    /// Whether the announcement is a PUT or DELETE, which makes earlier writes to the URL irrelevant.
    let isWhole: Bool

    /// Whether `earlier` need not be sent if this one follows directly.
    func replaces(_ earlier: Supersession?) -> Bool { isWhole && earlier?.place == place }
}
