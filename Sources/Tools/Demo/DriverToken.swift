import Encoding
import OCPI

/// The driver's token, an OCPI 2.2.1 Token of the eMSP.
struct DriverToken: Sendable {
    let owner: PartyID
    let uid = "04B5C6D7E8F901"
    let contractID = "FR-MSP-C00001234-5"

    func object(updated: Timestamp) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "uid": .string(uid), "type": "APP_USER",
            "contract_id": .string(contractID), "issuer": "RouleVolt", "valid": true, "whitelist": "ALWAYS",
            "last_updated": .string(updated.description),
        ]
    }

    /// The token as sessions and CDRs repeat it.
    var cdrToken: JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "uid": .string(uid), "type": "APP_USER",
            "contract_id": .string(contractID),
        ]
    }
}
