import NIOCore
import Synchronization

/// Makes recipients unresponsive: while it is open, their requests are accepted and not answered. The connections stay open until the
/// caller closes them or ``close()`` is called.
final class HangingEndpoint: Sendable {
    private struct Place: Hashable {
        let recipient: Int
        let kind: RoundResults.Kind
    }

    private struct State {
        var isOpen = false
        var connections: [ObjectIdentifier: any Channel] = [:]
        var open: [Place: Int] = [:]
        var most: [RoundResults.Kind: Int] = [:]
    }

    private let state = Mutex(State())

    /// From now on requests are not answered.
    func open() {
        state.withLock { state in
            state.isOpen = true
            state.most = [:]
        }
    }

    /// From now on requests are answered; the connections of unanswered ones are closed.
    func close() {
        let connections = state.withLock { state in
            state.isOpen = false
            defer { state.connections = [:] }
            return state.connections.values.map { $0 }
        }
        // A failure means that the connection is already closed.
        for connection in connections { connection.close(promise: nil) }
    }

    /// Whether the request will stay unanswered.
    func leavesUnanswered(_ connection: any Channel, at recipient: Int, _ kind: RoundResults.Kind) -> Bool {
        let id = ObjectIdentifier(connection)
        let place = Place(recipient: recipient, kind: kind)
        let isSwallowed = state.withLock { state in
            guard state.isOpen else { return false }
            state.connections[id] = connection
            state.open[place, default: 0] += 1
            return true
        }
        guard isSwallowed else { return false }
        connection.closeFuture.whenComplete { [weak self] _ in
            self?.state.withLock { state in
                state.connections[id] = nil
                state.open[place, default: 0] -= 1
            }
        }
        return true
    }

    /// Counts the open calls per recipient and returns the largest count of each kind.
    ///
    /// They are sampled instead of counted on arrival: a call that replaces a timed-out one may arrive before the end of the other
    /// connection has been noticed here.
    @discardableResult
    func sample() -> [RoundResults.Kind: Int] {
        state.withLock { state in
            var now: [RoundResults.Kind: Int] = [:]
            for (place, count) in state.open { now[place.kind] = max(now[place.kind] ?? 0, count) }
            state.most.merge(now) { max($0, $1) }
            return now
        }
    }

    /// The largest result of ``sample()`` since ``open()``.
    var most: [RoundResults.Kind: Int] { state.withLock { $0.most } }
}
