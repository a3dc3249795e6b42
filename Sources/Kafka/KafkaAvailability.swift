import Synchronization

/// Whether this process can use Kafka, as far as it knows, so that requests that would time out are refused at once. Thread-safe.
package final class KafkaAvailability: Sendable {
    /// A time during which Kafka cannot be used.
    package struct Outage: Sendable, Equatable {
        /// The cause for people: which part does not answer or is missing.
        package let reason: String
        /// When the outage was noticed.
        package let since: ContinuousClock.Instant
    }

    private struct State {
        var outage: Outage?
        var endedAt: ContinuousClock.Instant?
        var observers: [Int: @Sendable () -> Void] = [:]
        var lastObserver = 0
    }

    // Every request checks this; without an outage that is one load.
    private let isAway = Atomic(false)
    private let state = Mutex(State())

    /// Kafka counts as available at first.
    package init() {}

    /// The present outage; nil while Kafka can be used.
    package var outage: Outage? {
        guard isAway.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.outage }
    }

    /// Whether Kafka was unusable at some time since the given one.
    package func wasAway(since time: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.outage != nil || $0.endedAt.map { $0 >= time } ?? false }
    }

    /// Notes that Kafka cannot be used from now on.
    package func began(_ reason: String, at now: ContinuousClock.Instant = .now) {
        let observers = state.withLock { state -> [@Sendable () -> Void] in
            let isNews = state.outage == nil
            state.outage = Outage(reason: reason, since: state.outage?.since ?? now)
            return isNews ? Array(state.observers.values) : []
        }
        isAway.store(true, ordering: .releasing)
        for observer in observers { observer() }
    }

    /// Notes that Kafka can be used again.
    package func ended(at now: ContinuousClock.Instant = .now) {
        isAway.store(false, ordering: .releasing)
        state.withLock { state in
            if state.outage != nil { state.endedAt = now }
            state.outage = nil
        }
    }

    /// Calls `body` whenever an outage begins; it must not block.
    package func whenItBegins(_ body: @escaping @Sendable () -> Void) { _ = observe(body) }

    /// Waits for Kafka's answer or for the beginning of an outage, whichever comes first.
    /// - Parameter ask: sends the request and passes the answer to its argument, once, from any thread. Not called during an outage.
    /// - Returns: nil during an outage or when one begins meanwhile; the request may still succeed then.
    package func answer<Value: Sendable>(_ ask: (_ answer: @escaping @Sendable (Value) -> Void) -> Void) async -> Value? {
        let first = OneAnswer<Value?>()
        let observer = observe { first.give(nil) }
        if outage == nil { ask { first.give($0) } } else { first.give(nil) }
        let value = await first.value
        state.withLock { $0.observers[observer] = nil }
        return value
    }

    private func observe(_ body: @escaping @Sendable () -> Void) -> Int {
        state.withLock { state in
            state.lastObserver += 1
            state.observers[state.lastObserver] = body
            return state.lastObserver
        }
    }
}
