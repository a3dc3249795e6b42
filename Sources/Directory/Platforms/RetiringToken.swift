package import Encoding
import OCPI

/// A token that was replaced and is still accepted for a moment, so that calls under way with it are not refused.
package struct RetiringToken: Sendable, Equatable {
    /// As ``TokenHash`` makes it.
    package var hash: String
    /// From then on it is unknown.
    package var until: Timestamp

    /// - Parameters: as the properties say.
    package init(hash: String, until: Timestamp) {
        self.hash = hash
        self.until = until
    }
}
