import Encoding
package import NIOCore

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
