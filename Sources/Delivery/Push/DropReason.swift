import OCPI

/// Why an announcement is given up.
enum DropReason: String, Hashable, Sendable, CaseIterable {
    /// Its horizon passed.
    case expired
    /// The recipient is not connected; nothing is replayed when it comes back.
    case notConnected = "not_connected"
    /// The recipient has no such endpoint, or the node has no URL.
    case noDestination = "no_destination"
    /// The recipient will never take it.
    case rejected
    /// The recipient's OcnRules want signatures, and it has none.
    case unsigned
    /// The recipient lets too much wait.
    case overQuota = "over_quota"
    /// Its URL or its headers are longer than we send, or its time or state version cannot be true.
    case unsendable
}
