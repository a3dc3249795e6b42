import Directory
import OCPI

let secrets = NodeSecrets(current: Array("a secret for tests".utf8))

func party(_ text: String) -> PartyID {
    guard let party = PartyID(text) else { preconditionFailure("not a party: \(text)") }
    return party
}
