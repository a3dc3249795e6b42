package import Kafka
package import OCPI

/// Why a hub URL was not stored.
package enum LinkError: Error, Sendable, CustomStringConvertible {
    /// The party has reached its limit.
    case quota(PartyID, limit: Int)
    /// Its id, which another node has chosen, belongs to a URL of another party.
    case taken
    /// Kafka did not accept the record.
    case kafka(KafkaError)

    /// The OCPI error for the request that needed the URL.
    /// - Parameter what: what the URL is for.
    package func refusal(of what: String) -> OCPIError {
        switch self {
        case .quota(let party, let limit): .tooManyLinks(party, limit: limit)
        case .taken: .linkTaken(what)
        case .kafka: .linkNotStored(what)
        }
    }

    package var description: String {
        switch self {
        case .quota(let party, let limit): "\(party) has reached its limit of \(limit) links"
        case .taken: "its id belongs to a URL of another party"
        case .kafka(let error): "\(error)"
        }
    }
}
