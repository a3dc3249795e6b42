import Encoding
import OCPI

extension RequestRecord {
    /// The target of the request at its recipient: the same text for every spelling of the same path below the endpoint.
    ///
    /// The URL behind a hub URL, and the path of a custom module, are opaque texts of their owner, so each byte counts.
    package var place: String {
        if let target { return target }
        guard module.isFunctional || module == .hubclientinfo else { return query.map { path + "?" + $0 } ?? path }
        let ids = ObjectPath(path).canonical
        let parameters = PercentText.pairs(query ?? "").map { PercentText.encoded($0.name) + "=" + PercentText.encoded($0.value) }
        return parameters.isEmpty ? ids : ids + "?" + parameters.joined(separator: "&")
    }
}
