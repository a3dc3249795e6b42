/// The supported protocol versions, oldest first.
package enum OCPIVersion: String, Sendable, CaseIterable, Comparable {
    case v2_2 = "2.2"
    case v2_2_1 = "2.2.1"

    /// Whether the first version is older.
    package static func < (left: OCPIVersion, right: OCPIVersion) -> Bool {
        left == .v2_2 && right == .v2_2_1
    }
}
