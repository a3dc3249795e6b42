import Encoding
package import NIOCore

/// Computes invoices from CDRs (OCPI 2.2.1, 10.3.1). Pure functions with integer arithmetic only.
package enum Billing {
    /// Maximum Wh or seconds of one period, so that no sum can overflow.
    private static let largestVolume = 1_000_000_000_000

    /// The invoice for a CDR, by the tariffs in it. Step sizes apply to the sum of a tariff's periods.
    /// - Throws: `BillingError` that names what is missing, or an unknown contract.
    package static func invoice(for cdr: ByteBuffer, customers: [Customer]) throws(BillingError) -> Invoice {
        let object: JSONValue
        do { object = try JSONValue.parse(cdr) } catch { throw BillingError(description: "not JSON: \(error)") }
        let id = try text("id", in: object)
        let contract = try text("contract_id", in: object["cdr_token"] ?? .null)
        guard let customer = customers.first(where: { $0.contractID == contract }) else {
            throw BillingError(description: "no customer has contract \(contract)")
        }
        let isCredit = object["credit"]?.bool ?? false
        let volumes = try volumes(of: object)
        let components = try PriceComponent.read(from: object["tariffs"]?.array ?? [])
        var lines: [InvoiceLine] = []
        for kind in [InvoiceLine.Kind.energy, .time] {
            for (use, volume) in volumes where use.kind == kind && volume > 0 {
                guard let price = components[use] else { continue }  // The tariff has no price for this.
                lines.append(try line(use.kind, volume, price, isCredit: isCredit))
            }
        }
        guard !lines.isEmpty else { throw BillingError(description: "CDR \(id) has nothing that its tariffs price") }
        return Invoice(
            number: "\(isCredit ? "CN" : "INV")-\(id)", cdrID: id, sessionID: try text("session_id", in: object),
            customer: customer, currency: try text("currency", in: object),
            creditsCDR: object["credit_reference_id"]?.string, lines: lines, net: lines.reduce(0) { $0 + $1.net },
            vat: try vat(on: lines))
    }

    private static func line(
        _ kind: InvoiceLine.Kind, _ volume: Int, _ price: PriceComponent, isCredit: Bool
    ) throws(BillingError) -> InvoiceLine {
        let steps = (volume - 1) / price.stepSize + 1
        let (quantity, overflow) = steps.multipliedReportingOverflow(by: price.stepSize)
        // Converts Wh (or seconds) at 1/10,000 per kWh (or hour) to cents.
        let units = kind == .energy ? 1000 : 3600
        guard !overflow, let cents = Decimal.ratio(quantity, price.price, over: units * 100) else {
            throw BillingError(description: "amounts too large")
        }
        return InvoiceLine(
            kind: kind, quantity: quantity, unitPrice: price.price, vatRate: price.vat, net: isCredit ? -cents : cents)
    }

    private static func vat(on lines: [InvoiceLine]) throws(BillingError) -> Int {
        var sums: [Int: Int] = [:]
        for line in lines { sums[line.vatRate, default: 0] += line.net }
        var vat = 0
        for (rate, net) in sums {
            guard let part = Decimal.ratio(net, rate, over: 10_000) else { throw BillingError(description: "amounts too large") }
            vat += part
        }
        return vat
    }

    /// Wh and seconds per tariff, in the order of first occurrence.
    private static func volumes(of cdr: JSONValue) throws(BillingError) -> [(PricedUse, Int)] {
        var volumes: [(PricedUse, Int)] = []
        for period in cdr["charging_periods"]?.array ?? [] {
            let tariff = try text("tariff_id", in: period)
            for dimension in period["dimensions"]?.array ?? [] {
                guard let kind = dimension["type"]?.string.flatMap(InvoiceLine.Kind.init) else { continue }
                guard case .number(let literal)? = dimension["volume"], let volume = amount(literal, of: kind),
                    (0...largestVolume).contains(volume)
                else {
                    throw BillingError(description: "a charging period has no usable volume")
                }
                let use = PricedUse(tariff: tariff, kind: kind)
                if let index = volumes.firstIndex(where: { $0.0 == use }) {
                    volumes[index].1 += volume
                } else {
                    volumes.append((use, volume))
                }
            }
        }
        return volumes
    }

    /// Converts kWh to Wh and hours to seconds.
    private static func amount(_ literal: String, of kind: InvoiceLine.Kind) -> Int? {
        switch kind {
        case .energy: Decimal.scaled(literal, places: 3)
        case .time: Decimal.scaled(literal, places: 6).flatMap { Decimal.ratio($0, 3600, over: 1_000_000) }
        }
    }

    static func text(_ name: String, in object: JSONValue) throws(BillingError) -> String {
        guard let text = object[name]?.string else { throw BillingError(description: "\(name) is missing") }
        return text
    }
}

private struct PricedUse: Hashable {
    let tariff: String
    let kind: InvoiceLine.Kind
}

private struct PriceComponent {
    let price: Int
    let vat: Int
    let stepSize: Int

    /// The first unrestricted price per tariff and kind. A tariff with restrictions is rejected, so that it is not billed wrongly.
    static func read(from tariffs: [JSONValue]) throws(BillingError) -> [PricedUse: PriceComponent] {
        var prices: [PricedUse: PriceComponent] = [:]
        for tariff in tariffs {
            let id = try Billing.text("id", in: tariff)
            for element in tariff["elements"]?.array ?? [] {
                guard element["restrictions"]?.isNull ?? true else { throw BillingError(description: "tariff \(id) has restrictions") }
                for component in element["price_components"]?.array ?? [] {
                    guard let kind = component["type"]?.string.flatMap(InvoiceLine.Kind.init) else { continue }
                    guard case .number(let priceText)? = component["price"], let price = Decimal.scaled(priceText, places: 4),
                        let step = component["step_size"]?.int, step > 0
                    else { throw BillingError(description: "tariff \(id) has a price that cannot be read") }
                    var vat = 0
                    if case .number(let vatText)? = component["vat"] { vat = Decimal.scaled(vatText, places: 2) ?? 0 }
                    let use = PricedUse(tariff: id, kind: kind)
                    if prices[use] == nil { prices[use] = PriceComponent(price: price, vat: vat, stepSize: step) }
                }
            }
        }
        return prices
    }
}
