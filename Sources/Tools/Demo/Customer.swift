import Encoding

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
