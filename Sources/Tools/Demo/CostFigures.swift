import Encoding
import OCPI

/// A cost without and with VAT, as decimal literals.
struct CostFigures: Sendable {
    let net: String
    let gross: String

    func object(negative: Bool) -> JSONValue {
        let sign = negative ? "-" : ""
        return ["excl_vat": .number(sign + net), "incl_vat": .number(sign + gross)]
    }
}
