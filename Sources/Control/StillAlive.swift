package import Credentials
import Directory
package import Encoding
package import Logging
import OCPI

/// Checks whether silent platforms are still reachable: GET of their versions (OCPI 2.2.1, 14.2 Still alive check).
///
/// A platform that answers is connected, any other one is offline until its next request. Only the status is written. Two concurrent runs
/// call each platform twice.
package struct StillAlive: Sendable {
    /// How long a platform may be silent.
    package let interval: Duration
    private let state: SharedState
    private let peers: PeerClient
    private let concurrency: Int
    private let logger: Logger

    /// - Parameters:
    ///   - interval: how long a platform may be silent.
    ///   - state: the platforms and their last requests.
    ///   - peers: calls the platforms; a call ends within its time limit.
    ///   - concurrency: the most concurrent calls.
    ///   - logger: reports changed statuses.
    package init(interval: Duration = .seconds(300), state: SharedState, peers: PeerClient, concurrency: Int = 16, logger: Logger) {
        self.interval = interval
        self.state = state
        self.peers = peers
        self.concurrency = max(1, concurrency)
        self.logger = logger
    }

    /// Calls every platform that was silent for too long.
    /// - Throws: `StateError` if a result could not be written; the next run repeats the call.
    package func check(clock: @escaping @Sendable () -> Timestamp = { .now }) async throws {
        let directory = state.directory()
        var due = StillAlive.due(in: directory, now: clock(), interval: interval)[...]
        guard !due.isEmpty else { return }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for platform in due.prefix(concurrency) { group.addTask { try await check(platform, directory, clock) } }
            due = due.dropFirst(concurrency)
            while try await group.next() != nil {
                guard let platform = due.popFirst() else { continue }
                group.addTask { try await check(platform, directory, clock) }
            }
        }
    }

    private func check(_ platform: Platform, _ directory: Directory, _ clock: @Sendable () -> Timestamp) async throws {
        let isAlive = await answers(platform, directory)
        // A cancelled call proves nothing about the platform.
        try Task.checkCancellation()
        let newest = state.directory()
        guard let change = StillAlive.outcome(platform.id, isAlive: isAlive, asked: directory, newest: newest, now: clock()) else { return }
        try await state.write([change])
        guard (newest.status(of: platform.id) == .connected) != isAlive else { return }
        logger.notice(
            isAlive ? "a platform is back" : "a platform does not answer",
            metadata: ["platform": "\(platform.id)", "parties": "\(platform.roles.map(\.party.description).joined(separator: " "))"])
    }

    private func answers(_ platform: Platform, _ directory: Directory) async -> Bool {
        guard let url = platform.versionsURL, let authorization = directory.authorization(for: platform),
            let answer = try? await peers.ask(.get, url, authorization, nil)
        else { return false }
        return answer.httpStatus == 200 && answer.statusCode == .success
    }

    // MARK: Decisions

    /// The registered platforms without a request for `interval`.
    static func due(in directory: Directory, now: Timestamp, interval: Duration) -> [Platform] {
        let latest = now.adding(milliseconds: -max(0, interval.milliseconds))
        return directory.platforms.filter { platform in
            guard platform.isRegistered, let heard = directory.lastUpdated(of: platform.id), heard <= latest else { return false }
            return [.connected, .offline].contains(directory.status(of: platform.id))
        }
    }

    /// The status change to write; nil if the platform left meanwhile, or was heard of in another way.
    /// - Parameters:
    ///   - asked: the state at the time of the call.
    ///   - newest: the state now.
    static func outcome(_ platform: String, isAlive: Bool, asked: Directory, newest: Directory, now: Timestamp) -> FactChange? {
        guard newest.platform(id: platform)?.isRegistered == true else { return nil }
        let isUnchanged = newest.lastUpdated(of: platform) == asked.lastUpdated(of: platform)
        guard isUnchanged || isAlive && newest.status(of: platform) != .connected else { return nil }
        return .put(.status(platform: platform, isAlive ? .connected : .offline, max(now, newest.lastUpdated(of: platform) ?? now)))
    }
}

extension ControlService.Duty {
    /// The duty that checks silent platforms.
    package static func stillAlive(_ check: StillAlive) -> ControlService.Duty {
        let pace = min(check.interval / 4, .seconds(2))
        return ControlService.Duty(
            name: "stillalive", pause: { try? await Task.sleep(for: pace) }, run: { try await check.check() })
    }
}
