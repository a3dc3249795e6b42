import OCPI

/// The reason why an announcement is dropped.
enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// Its horizon passed.
    case expired
    /// The recipient is not connected. Announcements are not repeated when it reconnects.
    case notConnected = "not_connected"
    /// The recipient has no endpoint for the module, or the node has no URL.
    case noDestination = "no_destination"
    /// The recipient has rejected it for good.
    case rejected
    /// The recipient's OcnRules require signatures, and the announcement has none.
    case unsigned
    /// The recipient's announcement quota is used up.
    case overQuota = "over_quota"
    /// Its URL or its headers exceed the limits for requests, or its time or state version is implausible.
    case unsendable
}
