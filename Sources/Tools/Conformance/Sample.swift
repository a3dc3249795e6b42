import Encoding
import OCPI

/// Valid objects with new ids.
enum Sample {
    /// A time in an unusual but valid spelling, so that reformatting is detected.
    static let lastUpdated = "2024-02-29T23:59:58.10Z"

    /// A unique id like `LOC-1f0c8a2e`.
    static func id(_ prefix: String) -> String { prefix + "-" + UUIDText.v4().prefix(8) }

    /// A path like `DE/CPA/LOC1`.
    static func path(_ owner: PartyID, _ rest: String...) -> String {
        ([owner.country, owner.party] + rest).joined(separator: "/")
    }

    static func location(_ id: String, of owner: PartyID) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id), "publish": true,
            "address": "Teststraße 1", "city": "Berlin", "country": "DEU",
            "coordinates": ["latitude": "52.520008", "longitude": "13.404954"], "time_zone": "Europe/Berlin",
            "last_updated": .string(lastUpdated),
        ]
    }

    static func session(_ id: String, of owner: PartyID, driver: PartyID, status: String = "ACTIVE") -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id),
            "start_date_time": "2024-02-29T22:00:00Z", "kwh": .number("1.50"), "cdr_token": cdrToken("TOK1", of: driver),
            "auth_method": "WHITELIST", "location_id": "LOC1", "evse_uid": "EVSE1", "connector_id": "1", "currency": "EUR",
            "status": .string(status), "last_updated": .string(lastUpdated),
        ]
    }

    static func cdr(_ id: String, of owner: PartyID, driver: PartyID, credits: String? = nil) -> JSONValue {
        .object([
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id),
            "start_date_time": "2024-02-29T22:00:00Z", "end_date_time": "2024-02-29T23:00:00Z",
            "cdr_token": cdrToken("TOK1", of: driver), "auth_method": "WHITELIST",
            "cdr_location": [
                "id": "LOC1", "address": "Teststraße 1", "city": "Berlin", "postal_code": "10115", "country": "DEU",
                "coordinates": ["latitude": "52.520008", "longitude": "13.404954"], "evse_uid": "EVSE1", "evse_id": "DE*CPA*E1",
                "connector_id": "1", "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET",
                "connector_power_type": "AC_3_PHASE",
            ],
            "currency": "EUR",
            "charging_periods": [
                ["start_date_time": "2024-02-29T22:00:00Z", "dimensions": [["type": "ENERGY", "volume": .number("12.50")]]]
            ],
            "total_cost": ["excl_vat": .number("5.00"), "incl_vat": .number("5.95")], "total_energy": .number("12.50"),
            "total_time": .number("1.0"), "credit": credits.map { _ in true }, "credit_reference_id": credits.map(JSONValue.string),
            "last_updated": .string(lastUpdated),
        ])
    }

    static func tariff(_ id: String, of owner: PartyID) -> JSONValue {
        let price: JSONValue = ["type": "ENERGY", "price": .number("0.40"), "vat": .number("19.0"), "step_size": 1]
        return [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id), "currency": "EUR",
            "elements": [["price_components": [price]]], "last_updated": .string(lastUpdated),
        ]
    }

    static func token(_ uid: String, of owner: PartyID, type: String = "RFID") -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "uid": .string(uid), "type": .string(type),
            "contract_id": "DE8ACC12E46L89", "issuer": "Conformance", "valid": true, "whitelist": "ALLOWED",
            "last_updated": .string(lastUpdated),
        ]
    }

    static func cdrToken(_ uid: String, of owner: PartyID) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "uid": .string(uid), "type": "RFID",
            "contract_id": "DE8ACC12E46L89",
        ]
    }

    /// The body of a START_SESSION for a driver of `owner`.
    static func startSession(_ responseURL: String, of owner: PartyID) -> JSONValue {
        [
            "response_url": .string(responseURL), "token": token("TOK1", of: owner), "location_id": "LOC1", "evse_uid": "EVSE1",
        ]
    }
}
