import Synchronization

/// Whether this process can use Kafka, as far as it knows: what would wait in vain is refused at once. Thread-safe.
package final class KafkaAvailability: Sendable {
    /// Kafka cannot be used.
    package struct Outage: Sendable, Equatable {
        /// For people: what does not answer, or is not there.
        package let reason: String
        /// Since when that is known.
        package let since: ContinuousClock.Instant
    }

    private struct State {
        var outage: Outage?
        var endedAt: ContinuousClock.Instant?
        var observers: [Int: @Sendable () -> Void] = [:]
        var lastObserver = 0
    }

    // Every request looks; without an outage that is one load.
    private let isAway = Atomic(false)
    private let state = Mutex(State())

    /// Available until something else is known.
    package init() {}

    /// What is known now; nil while Kafka can be used.
    package var outage: Outage? {
        guard isAway.load(ordering: .acquiring) else { return nil }
        return state.withLock { $0.outage }
    }

    /// Whether Kafka could not be used at some time since then.
    package func wasAway(since time: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.outage != nil || $0.endedAt.map { $0 >= time } ?? false }
    }

    /// Kafka cannot be used from now on.
    package func began(_ reason: String, at now: ContinuousClock.Instant = .now) {
        let observers = state.withLock { state -> [@Sendable () -> Void] in
            let isNews = state.outage == nil
            state.outage = Outage(reason: reason, since: state.outage?.since ?? now)
            return isNews ? Array(state.observers.values) : []
        }
        isAway.store(true, ordering: .releasing)
        for observer in observers { observer() }
    }

    /// Kafka can be used again.
    package func ended(at now: ContinuousClock.Instant = .now) {
        isAway.store(false, ordering: .releasing)
        state.withLock { state in
            if state.outage != nil { state.endedAt = now }
            state.outage = nil
        }
    }

    /// Calls `body` whenever an outage begins; it must not block.
    package func whenItBegins(_ body: @escaping @Sendable () -> Void) { _ = observe(body) }

    /// Waits for what Kafka answers, or for the beginning of an outage, whichever comes first.
    /// - Parameter ask: asks, and has the answer given to its argument, once, from any thread. Not called during an outage.
    /// - Returns: nil if an outage lasts, or has begun meanwhile: what was asked for may still happen then.
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
