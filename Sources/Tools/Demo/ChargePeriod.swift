import Encoding
import OCPI

/// A part of a charge: decimal literals of kWh and hours.
struct ChargePeriod: Sendable {
    let kWh: String
    let hours: String

    func object(start: Timestamp, tariff: String) -> JSONValue {
        [
            "start_date_time": .string(start.description),
            "dimensions": [
                ["type": "ENERGY", "volume": .number(kWh)], ["type": "TIME", "volume": .number(hours)],
            ],
            "tariff_id": .string(tariff),
        ]
    }
}
