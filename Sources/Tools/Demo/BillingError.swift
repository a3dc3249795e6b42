/// Why a CDR cannot be billed.
package struct BillingError: Error, Equatable, CustomStringConvertible {
    /// What is missing or wrong in it.
    package let description: String
}
