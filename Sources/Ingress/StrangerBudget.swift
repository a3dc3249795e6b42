import NIOCore
import Synchronization

/// What requests may hold in memory before it is known who sends them: little, and of one address only a part of it, so that strangers can
/// neither take the places of those with a token nor, from one client address, those of each other. Thread-safe.
final class StrangerBudget: Sendable {
    struct Limits: Sendable {
        /// Requests at once.
        var requests = 64
        /// Requests at once from one client address.
        var perAddress = 16
        /// Bytes of bodies that have arrived.
        var bytes = 16 * 1024 * 1024
        /// For a whole body; less than the listener gives everybody.
        var time = TimeAmount.seconds(5)
        /// Without a further byte of it.
        var pause = TimeAmount.seconds(1)
    }

    private struct State {
        var requests = 0
        var byAddress: [String: Int] = [:]
        var bytes = 0
    }

    /// What it gives.
    let limits: Limits
    private let state = Mutex(State())

    init(_ limits: Limits = Limits()) {
        self.limits = limits
    }

    /// Takes a place for one request; `false` when all are taken.
    func enter(_ address: String) -> Bool {
        state.withLock { state in
            guard state.requests < limits.requests, state.byAddress[address, default: 0] < limits.perAddress else { return false }
            state.requests += 1
            state.byAddress[address, default: 0] += 1
            return true
        }
    }

    /// Bytes have arrived; `false` when there is no room for them.
    func charge(_ bytes: Int) -> Bool {
        state.withLock { state in
            guard bytes <= limits.bytes - state.bytes else { return false }
            state.bytes += bytes
            return true
        }
    }

    /// Gives place and bytes back.
    func leave(_ address: String, bytes: Int) {
        state.withLock { state in
            state.requests -= 1
            state.bytes -= bytes
            let left = (state.byAddress[address] ?? 1) - 1
            state.byAddress[address] = left > 0 ? left : nil
        }
    }
}
