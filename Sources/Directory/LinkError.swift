package import Kafka
package import OCPI

/// Why a hub URL was not stored.
package enum LinkError: Error, Sendable, CustomStringConvertible {
    /// The party that it is for has as many as it may.
    case quota(PartyID, limit: Int)
    /// Kafka did not take it.
    case kafka(KafkaError)

    /// What whoever needed it is told.
    /// - Parameter what: what the URL stands for.
    package func refusal(of what: String) -> OCPIError {
        switch self {
        case .quota(let party, let limit): .tooManyLinks(party, limit: limit)
        case .kafka: .linkNotStored(what)
        }
    }

    package var description: String {
        switch self {
        case .quota(let party, let limit): "\(party) has \(limit) links, as many as it may"
        case .kafka(let error): "\(error)"
        }
    }
}
