package import Kafka
package import OCPI

/// Why a hub URL was not stored.
package enum LinkError: Error, Sendable, CustomStringConvertible {
    /// The party that it is for has as many as it may.
    case quota(PartyID, limit: Int)
    /// Its id, which another node has chosen, stands for a URL of another party.
    case taken
    /// Kafka did not take it.
    case kafka(KafkaError)

    /// What whoever needed it is told.
    /// - Parameter what: what the URL stands for.
    package func refusal(of what: String) -> OCPIError {
        switch self {
        case .quota(let party, let limit): .tooManyLinks(party, limit: limit)
        case .taken: .linkTaken(what)
        case .kafka: .linkNotStored(what)
        }
    }

    package var description: String {
        switch self {
        case .quota(let party, let limit): "\(party) has \(limit) links, as many as it may"
        case .taken: "its id stands for a URL of another party"
        case .kafka(let error): "\(error)"
        }
    }
}
