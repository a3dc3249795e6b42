/// Counts the announcements that wait per recipient (running ones included) and decides whether another may wait. A value without lock.
///
/// All recipients share one topic, so a recipient that does not answer must not pause reading. Instead, each recipient has a quota.
struct AnnouncementQuota: Sendable {
    struct Limits: Sendable {
        /// Maximum number of announcements that wait for one recipient.
        var records: Int
        /// Maximum bytes of announcements that wait for one recipient.
        var bytes: Int
        /// Maximum bytes of announcements that wait for all recipients together.
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

    /// Whether another announcement may wait once the `leaving` ones are removed. One recipient may hold at most an eighth of the bytes
    /// that are still free, so that many unresponsive recipients leave room for others. A recipient for which nothing waits always has room
    /// for one.
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

    /// The number of announcements that wait for a recipient.
    func records(_ recipient: Recipient) -> Int { shares[recipient]?.records ?? 0 }
}
