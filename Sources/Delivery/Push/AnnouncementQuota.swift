/// How many announcements wait per recipient, those under way included, and whether one more may: a value, no lock.
///
/// All recipients share a topic, so one that hangs cannot be waited for by reading no further. Instead each may let only so much wait.
struct AnnouncementQuota: Sendable {
    struct Limits: Sendable {
        /// Announcements that wait for one recipient.
        var records: Int
        /// Their bytes.
        var bytes: Int
        /// Bytes that wait for all of them.
        var totalBytes: Int
    }

    private struct Share: Sendable {
        var records = 0
        var bytes = 0
    }

    private let limits: Limits
    private var shares: [Recipient: Share] = [:]
    private var total = 0

    init(_ limits: Limits) {
        self.limits = limits
    }

    /// Whether one more may wait if some others leave. Nobody may hold more than an eighth of what is still free for all, so that many
    /// recipients that hang leave room for those to come; for whom nothing waits, one always may.
    func hasRoom(_ recipient: Recipient, bytes: Int, leaving: (records: Int, bytes: Int)) -> Bool {
        let share = shares[recipient] ?? Share()
        let records = share.records - leaving.records
        guard records > 0 else { return true }
        let held = share.bytes - leaving.bytes + bytes
        return records < limits.records && held <= min(limits.bytes, (limits.totalBytes - total) / 8)
    }

    mutating func add(_ recipient: Recipient, bytes: Int) {
        shares[recipient, default: Share()].records += 1
        shares[recipient, default: Share()].bytes += bytes
        total += bytes
    }

    mutating func remove(_ recipient: Recipient, bytes: Int) {
        guard var share = shares.removeValue(forKey: recipient) else { return }
        share.records -= 1
        share.bytes -= bytes
        total -= bytes
        if share.records > 0 { shares[recipient] = share }
    }

    /// Announcements that wait for a recipient.
    func records(_ recipient: Recipient) -> Int { shares[recipient]?.records ?? 0 }
}
