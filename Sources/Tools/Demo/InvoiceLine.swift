import Encoding

/// One line of an invoice. Amounts are cents without VAT, negative on a credit note.
package struct InvoiceLine: Sendable, Equatable {
    /// The kind of use.
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

extension InvoiceLine {
    var object: JSONValue {
        [
            "type": .string(kind.rawValue), "quantity": .int(quantity), "unit": kind == .energy ? "Wh" : "s",
            "unit_price": .number(Decimal.text(unitPrice, places: 4)), "price_per": kind == .energy ? "kWh" : "h",
            "vat": .number(Decimal.text(vatRate, places: 2)), "excl_vat": .number(Decimal.text(net, places: 2)),
        ]
    }
}
