package import Encoding
import Kafka
package import Logging
import Synchronization

/// When this process last received a message of each platform connected here.
///
/// ``note(_:now:)`` is called for every request and costs a lock and two look-ups. ``run(writer:store:interval:logger:)`` later writes the
/// changes to `ocn.state`: at once for a platform that was not CONNECTED, for others at most once per interval. Thread-safe.
package final class Activity: Sendable {
    private struct State {
        var heard: [String: Timestamp] = [:]
        /// Platforms with a message since the last comparison with the state.
        var unsettled: Set<String> = []
    }
    private let state = Mutex(State())
    private let signs: AsyncStream<Void>
    private let signal: AsyncStream<Void>.Continuation

    /// No platform has sent anything yet.
    package init() {
        (signs, signal) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Notes a valid request or a successful answer of a platform.
    package func note(_ platform: String, now: Timestamp = .now) {
        let hasChanges = state.withLock { state in
            state.heard[platform] = max(now, state.heard[platform] ?? now)
            return state.unsettled.insert(platform).inserted
        }
        if hasChanges { signal.yield() }
    }

    /// When this process last received a message of the platform; nil if it never did.
    package func lastHeard(_ platform: String) -> Timestamp? { state.withLock { $0.heard[platform] } }

    /// The writes for platforms with a message since the last call: those that are not CONNECTED become so, and those whose stored time is
    /// older than `interval` get the new one. Platforms that are not registered are skipped and forgotten.
    /// - Parameter now: the upper bound of the times written, so that a clock that was set back leaves none in the future.
    package func due(in directory: Directory, now: Timestamp = .now, interval: Duration = .seconds(60)) -> [FactChange] {
        let unsettled = state.withLock { state in
            defer { state.unsettled = [] }
            return state.unsettled.map { (platform: $0, heard: state.heard[$0] ?? now) }
        }
        var strangers: [String] = []
        let changes: [FactChange] = unsettled.sorted { $0.platform < $1.platform }.compactMap { platform, heard in
            guard directory.platform(id: platform)?.isRegistered == true else {
                strangers.append(platform)
                return nil
            }
            let heard = min(heard, now)
            let stored = directory.lastUpdated(of: platform) ?? Timestamp(milliseconds: .min)
            if directory.status(of: platform) == .connected, heard < stored.adding(milliseconds: interval.milliseconds) { return nil }
            return .put(.status(platform: platform, .connected, max(heard, stored)))
        }
        if !strangers.isEmpty {
            state.withLock { state in
                for platform in strangers where !state.unsettled.contains(platform) { state.heard[platform] = nil }
            }
        }
        return changes
    }

    /// Writes due changes until the task is cancelled. Sleeps while no message arrives; a platform's first message is written within
    /// ``pause``. Call once.
    package func run(writer: StateWriter, store: StateStore, interval: Duration = .seconds(60), logger: Logger) async {
        let failures = ThrottledLog(logger)
        await run(
            interval: interval, directory: { store.directory }, write: { changes throws(StateError) in try await writer.write(changes) },
            onFailure: {
                failures.log(.warning, "signs of life", "the platforms' times of last contact could not be written, retrying: \($0)")
            })
    }

    /// Like ``run(writer:store:interval:logger:)``, without Kafka.
    func run(
        interval: Duration, directory: @Sendable () -> Directory, write: @Sendable ([FactChange]) async throws(StateError) -> Void,
        retryAfter: Duration = .seconds(1), onFailure: @Sendable (StateError) -> Void
    ) async {
        for await _ in signs {
            // Collects the messages that arrive meanwhile.
            var pause = Activity.pause
            let changes = due(in: directory(), interval: interval)
            if !changes.isEmpty {
                do throws(StateError) {
                    try await write(changes)
                } catch {
                    onFailure(error)
                    again(changes)
                    pause = retryAfter
                }
            }
            try? await Task.sleep(for: pause)
        }
    }

    /// The pause between two checks for messages.
    package static let pause = Duration.milliseconds(50)

    private func again(_ changes: [FactChange]) {
        state.withLock { state in
            for change in changes {
                if let status = change.value(as: PlatformReachability.self) { state.unsettled.insert(status.platform) }
            }
        }
        signal.yield()
    }
}
