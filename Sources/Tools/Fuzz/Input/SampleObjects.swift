import Encoding
import OCPI

/// Valid OCPI objects, to be mutated.
struct SampleObjects {
    let material: Material

    func body(_ module: ModuleID) -> JSONValue {
        let owner: [JSONMember] = [
            JSONMember(name: "country_code", value: .string(material.sender.country)),
            JSONMember(name: "party_id", value: .string(material.sender.party)),
        ]
        let last = [JSONMember(name: "last_updated", value: "2026-01-01T00:00:00Z")]
        func object(_ members: JSONValue) -> JSONValue { .object(owner + (members.members ?? []) + last) }
        switch module {
        case .cdrs:
            return object([
                "id": "C1", "session_id": "S1", "credit": true, "credit_reference_id": "C0", "cdr_token": token,
                "total_energy": .number("1.10"),
                "total_cost": ["excl_vat": .number("4.00")], "currency": "EUR",
            ])
        case .sessions:
            return object(["id": "S1", "kwh": .number("0.5"), "cdr_token": token, "auth_method": "WHITELIST", "status": "ACTIVE"])
        case .locations: return object(["id": "L1", "evses": [["uid": "E1", "status": "AVAILABLE", "connectors": [["id": "1"]]]]])
        case .tariffs:
            return object([
                "id": "T1", "currency": "EUR", "elements": [["price_components": [["type": "ENERGY", "price": .number("0.25")]]]],
            ])
        case .tokens: return object(["uid": "U1", "type": "RFID", "contract_id": "NL-FZM-1", "valid": true, "whitelist": "ALLOWED"])
        case .commands:
            return [
                "response_url": .string("\(material.receiverURL)/results/1"), "token": token, "location_id": "L1", "evse_uid": "E1",
                "expiry_date": "2026-01-01T00:00:00Z", "reservation_id": "R1", "session_id": "S1",
            ]
        case .chargingprofiles:
            return [
                "response_url": .string("\(material.receiverURL)/results/2"),
                "charging_profile": ["charging_rate_unit": "W", "min_charging_rate": .number("1.0")],
            ]
        case .credentials:
            return [
                "token": "fuzz-token-b", "url": .string("\(material.receiverURL)/ocpi/versions"),
                "roles": [["role": "CPO", "party_id": "FZN", "country_code": "NL", "business_details": ["name": "Nobody"]]],
            ]
        case .hubclientinfo: return object(["role": "CPO", "status": "CONNECTED"])
        default: return object(["id": "X1"])
        }
    }

    /// The OcnRules of a platform.
    var rules: JSONValue {
        [["country_code": .string(material.sender.country), "party_id": .string(material.sender.party), "modules": ["cdrs", "sessions"]]]
    }

    private var token: JSONValue { ["uid": "U1", "type": "RFID", "contract_id": "NL-FZM-1"] }
}
