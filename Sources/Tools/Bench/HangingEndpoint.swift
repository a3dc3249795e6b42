import NIOCore
import Synchronization

/// What makes a recipient hang: while it is open, it takes requests and answers none. The caller's connection stays open until the caller
/// gives up, or until the hole is closed.
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

    /// From now on nothing is answered.
    func open() {
        state.withLock { state in
            state.isOpen = true
            state.most = [:]
        }
    }

    /// From now on everything is answered; the connections of what was not are closed.
    func close() {
        let connections = state.withLock { state in
            state.isOpen = false
            defer { state.connections = [:] }
            return state.connections.values.map { $0 }
        }
        // One that is closed already is what we want.
        for connection in connections { connection.close(promise: nil) }
    }

    /// Whether the request will never be answered.
    func swallows(_ connection: any Channel, at recipient: Int, _ kind: RoundResults.Kind) -> Bool {
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

    /// Looks how many calls are open at one recipient at this moment: the most of any.
    ///
    /// Counted now and then instead of at every arrival: a call that takes the place of one whose time was over may arrive before this side
    /// has noticed that the other connection is gone.
    @discardableResult
    func look() -> [RoundResults.Kind: Int] {
        state.withLock { state in
            var now: [RoundResults.Kind: Int] = [:]
            for (place, count) in state.open { now[place.kind] = max(now[place.kind] ?? 0, count) }
            state.most.merge(now) { max($0, $1) }
            return now
        }
    }

    /// The most that ``look()`` has seen since it was opened.
    var most: [RoundResults.Kind: Int] { state.withLock { $0.most } }
}
