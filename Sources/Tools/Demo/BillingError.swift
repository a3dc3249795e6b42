/// The reason why a CDR cannot be billed.
package struct BillingError: Error, Equatable, CustomStringConvertible {
    /// What is missing or wrong in the CDR.
    package let description: String
}
