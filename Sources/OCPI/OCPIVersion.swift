/// The protocol versions we speak, oldest first.
package enum OCPIVersion: String, Sendable, CaseIterable, Comparable {
    case v2_2 = "2.2"
    case v2_2_1 = "2.2.1"

    /// Older is less.
    package static func < (left: OCPIVersion, right: OCPIVersion) -> Bool {
        left == .v2_2 && right == .v2_2_1
    }
}
