import Encoding
import OCPI

extension RequestRecord {
    /// What of the recipient's it is about: the same text for every spelling of the same place below the endpoint.
    ///
    /// A URL behind one of ours, and what a custom module has in its path, are texts of their owner's, of which every byte may count.
    package var place: String {
        if let target { return target }
        guard module.isFunctional || module == .hubclientinfo else { return query.map { path + "?" + $0 } ?? path }
        let ids = ObjectPath(path).canonical
        let parameters = PercentText.pairs(query ?? "").map { PercentText.encoded($0.name) + "=" + PercentText.encoded($0.value) }
        return parameters.isEmpty ? ids : ids + "?" + parameters.joined(separator: "&")
    }
}
