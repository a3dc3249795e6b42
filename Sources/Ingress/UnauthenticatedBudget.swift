import Encoding
import NIOCore
import Synchronization

/// What requests may hold in memory before it is known who sends them: little, and of one address only a part of it, so that strangers can
/// neither take the places of those with a token nor, from one client address, those of each other. Thread-safe.
final class UnauthenticatedBudget: Sendable {
    struct Limits: Sendable {
        /// Requests at once.
        var requests = 256
        /// Requests at once from one client address.
        var perAddress = 16
        /// Bytes of bodies that have arrived, of one client address at most a quarter.
        var bytes = 16 * 1024 * 1024
        /// For a whole body. A message between nodes may have twice the bytes of a party's request.
        var time = TimeAmount.seconds(15)
        /// Without a further byte of it: longer than a lost segment or two take.
        var pause = TimeAmount.seconds(3)
    }

    /// What it gives.
    let limits: Limits
    private let room: Mutex<SharedQuota>

    init(_ limits: Limits = Limits()) {
        self.limits = limits
        room = Mutex(SharedQuota(places: limits.requests, placesPerClient: limits.perAddress, bytes: limits.bytes))
    }

    /// As `SharedQuota.enter`.
    func enter(_ address: String) -> Bool { room.withLock { $0.enter(address) } }

    /// As `SharedQuota.charge`.
    func charge(_ bytes: Int, of address: String) -> Bool { room.withLock { $0.charge(bytes, to: address) } }

    /// As `SharedQuota.leave`.
    func leave(_ address: String, bytes: Int) { room.withLock { $0.leave(address, bytes: bytes) } }
}
