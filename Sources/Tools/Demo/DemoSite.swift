import Encoding
import OCPI

/// A CPO's charging site and tariff, as OCPI 2.2.1 objects.
struct DemoSite: Sendable {
    let owner: PartyID
    let locationID: String
    let name: String
    let address: (street: String, city: String, postalCode: String, country: String)
    let coordinates: (latitude: String, longitude: String)
    let tariff: TariffFigures

    /// Prices without VAT, as decimal literals.
    struct TariffFigures: Sendable {
        let id: String
        let perKWh: String
        let perHour: String
        let vat: String
    }

    var evseUID: String { "\(locationID)-E1" }
    var evseID: String { "\(owner.country)*\(owner.party)*E\(locationID)*1" }

    func tariffObject(updated: Timestamp) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(tariff.id), "currency": "EUR",
            "type": "REGULAR",
            "elements": [
                [
                    "price_components": [
                        ["type": "ENERGY", "price": .number(tariff.perKWh), "vat": .number(tariff.vat), "step_size": 1],
                        ["type": "TIME", "price": .number(tariff.perHour), "vat": .number(tariff.vat), "step_size": 60],
                    ]
                ]
            ],
            "last_updated": .string(updated.description),
        ]
    }

    func locationObject(updated: Timestamp) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(locationID), "publish": true,
            "name": .string(name), "address": .string(address.street), "city": .string(address.city),
            "postal_code": .string(address.postalCode), "country": .string(address.country), "coordinates": coordinatesObject,
            "evses": [
                [
                    "uid": .string(evseUID), "evse_id": .string(evseID), "status": "AVAILABLE",
                    "capabilities": ["REMOTE_START_STOP_CAPABLE", "RFID_READER"],
                    "connectors": [
                        [
                            "id": "1", "standard": "IEC_62196_T2", "format": "SOCKET", "power_type": "AC_3_PHASE",
                            "max_voltage": 230, "max_amperage": 32, "tariff_ids": [.string(tariff.id)],
                            "last_updated": .string(updated.description),
                        ]
                    ],
                    "last_updated": .string(updated.description),
                ]
            ],
            "time_zone": "Europe/Berlin", "last_updated": .string(updated.description),
        ]
    }

    /// The location as a CDR repeats it.
    var cdrLocation: JSONValue {
        [
            "id": .string(locationID), "name": .string(name), "address": .string(address.street), "city": .string(address.city),
            "postal_code": .string(address.postalCode), "country": .string(address.country), "coordinates": coordinatesObject,
            "evse_uid": .string(evseUID), "evse_id": .string(evseID), "connector_id": "1",
            "connector_standard": "IEC_62196_T2", "connector_format": "SOCKET", "connector_power_type": "AC_3_PHASE",
        ]
    }

    private var coordinatesObject: JSONValue {
        ["latitude": .string(coordinates.latitude), "longitude": .string(coordinates.longitude)]
    }
}

extension DemoSite {
    /// The first CPO's two sites.
    static func stromladen(_ owner: PartyID) -> [DemoSite] {
        let tariff = TariffFigures(id: "AC-DAY", perKWh: "0.49", perHour: "1.20", vat: "19.0")
        return [
            DemoSite(
                owner: owner, locationID: "MARKT", name: "Stromladen am Markt", address: ("Markt 7", "Leipzig", "04109", "DEU"),
                coordinates: ("51.340632", "12.374733"), tariff: tariff),
            DemoSite(
                owner: owner, locationID: "HAFEN", name: "Stromladen am Hafen", address: ("Hafenweg 12", "Leipzig", "04177", "DEU"),
                coordinates: ("51.339060", "12.326190"), tariff: tariff),
        ]
    }

    /// The second CPO's site.
    static func laadpunt(_ owner: PartyID) -> [DemoSite] {
        [
            DemoSite(
                owner: owner, locationID: "KADE", name: "Laadpunt Kade", address: ("Oostelijke Kade 3", "Utrecht", "3511 AB", "NLD"),
                coordinates: ("52.090737", "5.121420"),
                tariff: TariffFigures(id: "AC-KADE", perKWh: "0.40", perHour: "1.00", vat: "21.0"))
        ]
    }
}
