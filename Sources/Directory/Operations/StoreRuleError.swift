import Encoding

/// The reason why a store rule is refused.
package struct StoreRuleError: Error, Equatable, CustomStringConvertible {
    /// The reason.
    package let description: String

    package init(_ description: String) {
        self.description = description
    }
}
