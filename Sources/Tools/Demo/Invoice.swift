import Encoding
package import NIOCore

/// The invoice of one CDR for its eMSP. Amounts are cents, negative on a credit note.
package struct Invoice: Sendable, Equatable {
    /// Derived from the CDR's id, so that the same CDR never gets two numbers.
    package let number: String
    /// The id of the CDR.
    package let cdrID: String
    /// The id of the session.
    package let sessionID: String
    /// The customer of the contract.
    package let customer: Customer
    /// ISO 4217 code.
    package let currency: String
    /// The CDR that a credit note cancels.
    package let creditsCDR: String?
    /// Energy before time; one line per tariff and VAT rate.
    package let lines: [InvoiceLine]
    /// Sum of the lines.
    package let net: Int
    /// VAT, computed per rate on the sum of its lines.
    package let vat: Int
    /// Net and VAT.
    package var total: Int { net + vat }
}

extension Invoice {
    /// The body for the custom module `invoices`: decimal numbers without conversion to binary fractions.
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

    /// Total with currency, like `11.84 EUR`.
    package var totalText: String { "\(Decimal.text(total, places: 2)) \(currency)" }
}
