import NIOCore
import Synchronization

/// What requests may hold in memory before it is known who sends them: little, and of one address only a part of it, so that strangers can
/// neither take the places of those with a token nor, from one client address, those of each other. Thread-safe.
final class StrangerBudget: Sendable {
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

    private struct Share {
        var requests = 0
        var bytes = 0
    }

    private struct State {
        var all = Share()
        var byAddress: [String: Share] = [:]
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
            guard state.all.requests < limits.requests, state.byAddress[address]?.requests ?? 0 < limits.perAddress else { return false }
            state.all.requests += 1
            state.byAddress[address, default: Share()].requests += 1
            return true
        }
    }

    /// Bytes have arrived from an address that has a place; `false` when there is no room for them, at all or for it.
    func charge(_ bytes: Int, of address: String) -> Bool {
        state.withLock { state in
            guard bytes <= limits.bytes - state.all.bytes, bytes <= limits.bytes / 4 - (state.byAddress[address]?.bytes ?? 0) else {
                return false
            }
            state.all.bytes += bytes
            state.byAddress[address]?.bytes += bytes
            return true
        }
    }

    /// Gives place and bytes back.
    func leave(_ address: String, bytes: Int) {
        state.withLock { state in
            state.all.requests -= 1
            state.all.bytes -= bytes
            guard var share = state.byAddress[address] else { return }
            share.requests -= 1
            share.bytes -= bytes
            state.byAddress[address] = share.requests > 0 ? share : nil
        }
    }
}
