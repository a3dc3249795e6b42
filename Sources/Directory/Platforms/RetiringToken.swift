package import Encoding
import OCPI

/// A replaced token that is still accepted for a short time, so that calls in progress with it are not refused.
package struct RetiringToken: Sendable, Equatable {
    /// The hash that ``TokenHash`` computes.
    package var hash: String
    /// When it becomes invalid.
    package var until: Timestamp

    package init(hash: String, until: Timestamp) {
        self.hash = hash
        self.until = until
    }
}

extension RetiringToken {
    var json: JSONValue { ["hash": .string(hash), "until": .string(until.description)] }

    init?(json: JSONValue) {
        guard let hash = json["hash"]?.string, let until = json.time("until") else { return nil }
        self.init(hash: hash, until: until)
    }
}
