import Encoding
import NIOCore
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

/// A cost without and with VAT, as decimal literals.
struct CostFigures: Sendable {
    let net: String
    let gross: String

    func object(negative: Bool) -> JSONValue {
        let sign = negative ? "-" : ""
        return ["excl_vat": .number(sign + net), "incl_vat": .number(sign + gross)]
    }
}

/// The figures of one charge as its CDR states them. They are literals, so that the invoice is checked against something that it did
/// not compute.
struct ChargeFigures: Sendable {
    let periods: [ChargePeriod]
    let kWh: String
    let hours: String
    let energy: CostFigures
    let time: CostFigures
    let total: CostFigures
}

extension ChargeFigures {
    /// Step 3: 18.437 kWh and 45.5 minutes at the first CPO, in two periods.
    static let evening = ChargeFigures(
        periods: [ChargePeriod(kWh: "12.000", hours: "0.5000"), ChargePeriod(kWh: "6.437", hours: "0.2583")], kWh: "18.437",
        hours: "0.7583", energy: CostFigures(net: "9.03", gross: "10.75"), time: CostFigures(net: "0.92", gross: "1.09"),
        total: CostFigures(net: "9.95", gross: "11.84"))
    /// Step 7: at the second CPO.
    static let kade = ChargeFigures(
        periods: [ChargePeriod(kWh: "10.000", hours: "0.2500")], kWh: "10.000", hours: "0.2500",
        energy: CostFigures(net: "4.00", gross: "4.84"), time: CostFigures(net: "0.25", gross: "0.30"),
        total: CostFigures(net: "4.25", gross: "5.14"))
    /// Step 8: what was measured wrongly first.
    static let mistaken = ChargeFigures(
        periods: [ChargePeriod(kWh: "22.000", hours: "0.5000")], kWh: "22.000", hours: "0.5000",
        energy: CostFigures(net: "10.78", gross: "12.83"), time: CostFigures(net: "0.60", gross: "0.71"),
        total: CostFigures(net: "11.38", gross: "13.54"))
    /// Step 8: what replaces it.
    static let corrected = ChargeFigures(
        periods: [ChargePeriod(kWh: "21.000", hours: "0.5000")], kWh: "21.000", hours: "0.5000",
        energy: CostFigures(net: "10.29", gross: "12.25"), time: CostFigures(net: "0.60", gross: "0.71"),
        total: CostFigures(net: "10.89", gross: "12.96"))
}

/// One charging session of a driver at a site, and the OCPI 2.2.1 objects that tell about it.
struct Charging: Sendable {
    let sessionID: String
    let site: DemoSite
    let driver: DriverToken
    let start: Timestamp

    func session(status: String, kWh: String, updated: Timestamp) -> ByteBuffer {
        JSONValue.object([
            "country_code": .string(site.owner.country), "party_id": .string(site.owner.party), "id": .string(sessionID),
            "start_date_time": .string(start.description), "kwh": .number(kWh), "cdr_token": driver.cdrToken,
            "auth_method": "COMMAND", "location_id": .string(site.locationID), "evse_uid": .string(site.evseUID),
            "connector_id": "1", "currency": "EUR", "status": .string(status), "last_updated": .string(updated.description),
        ]).encoded()
    }

    func sessionPatch(status: String, kWh: String, period: ChargePeriod, updated: Timestamp) -> ByteBuffer {
        JSONValue.object([
            "kwh": .number(kWh), "charging_periods": [period.object(start: start, tariff: site.tariff.id)],
            "status": .string(status), "last_updated": .string(updated.description),
        ]).encoded()
    }

    /// The CDR; with `crediting`, the Credit CDR that takes that one back (OCPI 2.2.1, 10.1.1: negative costs).
    func cdr(id: String, _ figures: ChargeFigures, crediting original: String? = nil, updated: Timestamp) -> ByteBuffer {
        let isCredit = original != nil
        let end = start.adding(milliseconds: Int64(((Double(figures.hours) ?? 0) * 3_600_000).rounded()))
        return JSONValue.object([
            "country_code": .string(site.owner.country), "party_id": .string(site.owner.party), "id": .string(id),
            "start_date_time": .string(start.description), "end_date_time": .string(end.description),
            "session_id": .string(sessionID), "cdr_token": driver.cdrToken, "auth_method": "COMMAND",
            "cdr_location": site.cdrLocation, "currency": "EUR", "tariffs": [site.tariffObject(updated: start)],
            "charging_periods": .array(figures.periods.map { $0.object(start: start, tariff: site.tariff.id) }),
            "total_cost": figures.total.object(negative: isCredit), "total_energy": .number(figures.kWh),
            "total_energy_cost": figures.energy.object(negative: isCredit), "total_time": .number(figures.hours),
            "total_time_cost": figures.time.object(negative: isCredit), "credit": isCredit ? true : nil,
            "credit_reference_id": original.map { .string($0) }, "last_updated": .string(updated.description),
        ]).encoded()
    }
}
