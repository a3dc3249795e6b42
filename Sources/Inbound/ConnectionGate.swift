import HummingbirdCore
import Instruments
import Kafka
import Logging
import Synchronization

/// Counts the connections of a listener and enforces two limits: above the total, further connections wait in the backlog; above the limit
/// of one address, they are closed. Thread-safe.
package final class ConnectionGate: AvailableConnectionsDelegate, Sendable {
    private struct State {
        var open = 0
        var byClient: [String: Int] = [:]
    }

    private let listener: ListenerName
    private let limits: InboundLimits
    private let metrics: InboundMetrics
    private let log: ThrottledLog
    private let state = Mutex(State())

    init(_ listener: ListenerName, _ limits: InboundLimits, _ metrics: InboundMetrics, _ logger: Logger) {
        self.listener = listener
        self.limits = limits
        self.metrics = metrics
        log = ThrottledLog(logger)
        metrics.limit.record(limits.connections, listener)
        metrics.connections.record(0, listener)
    }

    /// Hummingbird has accepted a connection.
    package func connectionOpened() { count(1) }

    /// A connection of Hummingbird has closed.
    package func connectionClosed() { count(-1) }

    private func count(_ change: Int) {
        let open = state.withLock { state in
            state.open += change
            return state.open
        }
        metrics.connections.record(open, listener)
    }

    /// Whether Hummingbird may accept the next connection.
    package func isAcceptingNewConnections() -> Bool {
        guard state.withLock({ $0.open >= limits.connections }) else { return true }
        metrics.limitReached.increment(.init(listener: listener, kind: .total))
        log.log(
            .warning, "connections", "all connections are taken; further ones wait until one closes",
            metadata: [
                "listener": "\(listener.rawValue)", "limit": "\(limits.connections)", "setting": "http.\(listener.rawValue).connections",
            ])
        return false
    }

    /// Counts a connection of this client address; `false` when it has too many.
    func enter(_ client: String) -> Bool {
        let isAdmitted = state.withLock { state in
            guard state.byClient[client, default: 0] < limits.connectionsPerAddress else { return false }
            state.byClient[client, default: 0] += 1
            return true
        }
        guard !isAdmitted else { return true }
        metrics.limitReached.increment(.init(listener: listener, kind: .address))
        log.log(
            .warning, "connections of one address", "one address has too many connections; further ones are closed",
            metadata: [
                "listener": "\(listener.rawValue)", "limit": "\(limits.connectionsPerAddress)", "address": "\(client)",
                "setting": "http.\(listener.rawValue).connections_per_address",
            ])
        return false
    }

    /// Removes a counted connection that has closed.
    func leave(_ client: String) {
        state.withLock { state in
            let left = (state.byClient[client] ?? 1) - 1
            state.byClient[client] = left > 0 ? left : nil
        }
    }
}
