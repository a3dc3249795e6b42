import Encoding
import NIOCore
import Synchronization

/// Limits the memory of requests whose sender is not yet authenticated, in total and per client address. They can use neither the capacity
/// of authenticated requests nor that of other addresses. Thread-safe.
final class UnauthenticatedBudget: Sendable {
    struct Limits: Sendable {
        /// Maximum number of requests.
        var requests = 256
        /// Maximum number of requests from one client address.
        var perAddress = 16
        /// Maximum bytes of bodies that have arrived, of one client address at most a quarter.
        var bytes = 16 * 1024 * 1024
        /// Timeout for a whole body. A message between nodes may have twice the bytes of a party's request.
        var time = TimeAmount.seconds(15)
        /// Timeout without further bytes of the body: longer than a retransmission of lost TCP segments takes.
        var pause = TimeAmount.seconds(3)
    }

    /// The limits of the budget.
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
