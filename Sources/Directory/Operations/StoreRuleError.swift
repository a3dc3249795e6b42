import Encoding

/// Something about store rules that cannot be done.
package struct StoreRuleError: Error, Equatable, CustomStringConvertible {
    /// Why not.
    package let description: String

    /// - Parameter description: why not.
    package init(_ description: String) {
        self.description = description
    }
}
