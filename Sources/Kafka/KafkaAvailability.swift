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
        var observers: [@Sendable () -> Void] = []
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
            return isNews ? state.observers : []
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
    package func whenItBegins(_ body: @escaping @Sendable () -> Void) { state.withLock { $0.observers.append(body) } }
}
