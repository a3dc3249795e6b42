import Encoding

/// A driver's contract, as known to the billing service.
package struct Customer: Sendable, Equatable {
    /// `cdr_token.contract_id` of the driver's CDRs.
    package let contractID: String
    /// Name on the invoice.
    package let name: String
    /// Address on the invoice, one line.
    package let address: String

    package init(contractID: String, name: String, address: String) {
        self.contractID = contractID
        self.name = name
        self.address = address
    }
}
