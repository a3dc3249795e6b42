import Encoding
import NIOCore
import OCPI

/// One charging session of a driver at a site, and its OCPI 2.2.1 objects.
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

    /// The CDR; with `crediting`, the Credit CDR that cancels that one (OCPI 2.2.1, 10.1.1: negative costs).
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
