import Encoding
package import NIOCore

/// What the billing service knows about a driver's contract.
package struct Customer: Sendable, Equatable {
    /// `cdr_token.contract_id` of the driver's CDRs.
    package let contractID: String
    /// Name on the invoice.
    package let name: String
    /// Address on the invoice, one line.
    package let address: String

    /// - Parameters: as the properties say.
    package init(contractID: String, name: String, address: String) {
        self.contractID = contractID
        self.name = name
        self.address = address
    }
}

/// One line of an invoice. Amounts are cents without VAT, negative on a credit note.
package struct InvoiceLine: Sendable, Equatable {
    /// What is billed.
    package enum Kind: String, Sendable { case energy = "ENERGY", time = "TIME" }
    /// Energy or time.
    package let kind: Kind
    /// Wh or seconds, after the tariff's step size; never negative.
    package let quantity: Int
    /// Price without VAT of a kWh or an hour, in 1/10,000 of the currency.
    package let unitPrice: Int
    /// VAT in 1/100 percent: 1900 is 19 %.
    package let vatRate: Int
    /// Quantity times price, rounded half up to cents.
    package let net: Int
}

/// What an eMSP pays for one CDR. Amounts are cents, negative on a credit note.
package struct Invoice: Sendable, Equatable {
    /// Made from the CDR's id, so that the same CDR never gets two numbers.
    package let number: String
    /// The CDR that it bills.
    package let cdrID: String
    /// The session behind it.
    package let sessionID: String
    /// Whose contract it is.
    package let customer: Customer
    /// ISO 4217 code.
    package let currency: String
    /// The CDR that this one takes back, on a credit note.
    package let creditsCDR: String?
    /// Energy before time; a line per tariff and VAT rate.
    package let lines: [InvoiceLine]
    /// Sum of the lines.
    package let net: Int
    /// VAT, computed per rate on the sum of that rate's lines.
    package let vat: Int
    /// Net and VAT.
    package var total: Int { net + vat }
}

/// Why a CDR cannot be billed.
package struct BillingError: Error, Equatable, CustomStringConvertible {
    /// What is missing or wrong in it.
    package let description: String
}

/// Computes invoices from CDRs (OCPI 2.2.1, 10.3.1): pure, integers only.
package enum Billing {
    /// Wh or seconds of one period; keeps every sum far from overflow.
    private static let largestVolume = 1_000_000_000_000

    /// The invoice for a CDR, by the tariffs that stand in it. Step sizes apply to the sum of a tariff's periods.
    /// - Throws: `BillingError` naming what is missing; an unknown contract too.
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
                guard let price = components[use] else { continue }  // The tariff asks nothing for this.
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
        // From Wh (or seconds) at 1/10,000 per kWh (or hour) to cents.
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

    /// Wh and seconds per tariff, in the order in which they first occur.
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

    /// kWh to Wh, hours to seconds.
    private static func amount(_ literal: String, of kind: InvoiceLine.Kind) -> Int? {
        switch kind {
        case .energy: Decimal.scaled(literal, places: 3)
        case .time: Decimal.scaled(literal, places: 6).flatMap { Decimal.ratio($0, 3600, over: 1_000_000) }
        }
    }

    fileprivate static func text(_ name: String, in object: JSONValue) throws(BillingError) -> String {
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

    /// The first unrestricted price per tariff and kind. A tariff with restrictions is refused rather than billed wrongly.
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

extension Invoice {
    /// The invoice as the custom module `invoices` carries it: decimal numbers, no binary fractions on the way.
    package func encoded() -> ByteBuffer {
        JSONValue.object([
            "id": .string(number), "type": creditsCDR == nil ? "INVOICE" : "CREDIT_NOTE", "cdr_id": .string(cdrID),
            "session_id": .string(sessionID), "credits_cdr_id": creditsCDR.map { .string($0) },
            "customer": [
                "contract_id": .string(customer.contractID), "name": .string(customer.name), "address": .string(customer.address),
            ],
            "currency": .string(currency), "lines": .array(lines.map(\.object)),
            "total": [
                "excl_vat": .number(Decimal.text(net, places: 2)), "vat": .number(Decimal.text(vat, places: 2)),
                "incl_vat": .number(Decimal.text(total, places: 2)),
            ],
        ]).encoded()
    }

    /// Total with currency, `11.84 EUR`.
    package var totalText: String { "\(Decimal.text(total, places: 2)) \(currency)" }
}

extension InvoiceLine {
    var object: JSONValue {
        [
            "type": .string(kind.rawValue), "quantity": .int(quantity), "unit": kind == .energy ? "Wh" : "s",
            "unit_price": .number(Decimal.text(unitPrice, places: 4)), "price_per": kind == .energy ? "kWh" : "h",
            "vat": .number(Decimal.text(vatRate, places: 2)), "excl_vat": .number(Decimal.text(net, places: 2)),
        ]
    }
}
