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

extension RetiringToken {
    var json: JSONValue { ["hash": .string(hash), "until": .string(until.description)] }

    init?(json: JSONValue) {
        guard let hash = json["hash"]?.string, let until = json.time("until") else { return nil }
        self.init(hash: hash, until: until)
    }
}
