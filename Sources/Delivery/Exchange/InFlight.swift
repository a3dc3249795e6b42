import OCPI

/// What EXCHANGE has under way, per recipient and in total, in calls and in bytes. A value without a lock.
///
/// A recipient that is slow fills its own share and nobody else's; what does not fit is refused at once, never queued.
struct InFlight: Sendable {
    struct Load: Sendable, Equatable {
        var calls = 0
        var bytes = 0

        func fits(_ bytes: Int, in limit: Load) -> Bool { calls < limit.calls && bytes <= limit.bytes - self.bytes }
    }

    private let perRecipient: Load
    private let inTotal: Load
    private(set) var total = Load()
    private var recipients: [PartyID: Load] = [:]

    init(perRecipient: Load, inTotal: Load) {
        self.perRecipient = perRecipient
        self.inTotal = inTotal
    }

    /// Whether the call may start; then ``leave(_:bytes:)`` must follow with the same figures.
    mutating func enter(_ recipient: PartyID, bytes: Int) -> Bool {
        var load = recipients[recipient] ?? Load()
        guard total.fits(bytes, in: inTotal), load.fits(bytes, in: perRecipient) else { return false }
        load.calls += 1
        load.bytes += bytes
        recipients[recipient] = load
        total.calls += 1
        total.bytes += bytes
        return true
    }

    mutating func leave(_ recipient: PartyID, bytes: Int) {
        guard var load = recipients[recipient] else { return }
        load.calls -= 1
        load.bytes -= bytes
        recipients[recipient] = load.calls > 0 ? load : nil
        total.calls -= 1
        total.bytes -= bytes
    }
}
