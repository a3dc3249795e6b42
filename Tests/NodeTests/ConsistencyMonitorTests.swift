import Directory
import Encoding
import Logging
import NIOCore
import ServiceLifecycle
import Support
import Synchronization
import Telemetry
import Testing

@testable import Node

/// Processes of one node, without Kafka: they share a state whose clock stamps the writes.
@Suite(.timeLimit(.minutes(5))) struct ConsistencyMonitorTests {
    static let address = "0x11b2d450ff69aed749389ce8a984eb2ea2b91cf2"
    static let secret = "the secret of the node"
    private let shared = StampedState()

    private func process(
        _ instance: String, secret: String = secret, previous: [String] = [], clock: SettableClock = SettableClock()
    ) throws -> Member {
        let secrets = try #require(NodeSecrets(text: secret, previous: previous))
        let report = ProcessReport(
            instance: instance, start: instance, secrets: secrets.fingerprints(Self.address), settings: ["node.url": "http://x"], seen: .now
        )
        return Member(ProcessConsistency(report, operatorAddress: Self.address, howToRegister: "Add it."), instance, shared, clock)
    }

    private func register() {
        shared.apply(.put(.node(NetworkNode(operatorAddress: Self.address, url: "http://x", source: "state"))))
    }

    @Test func aProcessWithAnotherSecretDoesNotStartAndLeavesNoTrace() async throws {
        try await process("first").watch.join()
        let before = shared.changes
        await #expect { try await process("second", secret: "another secret altogether").watch.join() } throws: { error in
            "\(error)".hasPrefix("node.secret is another one")
        }
        #expect(shared.changes == before)
        try await process("third").watch.join()
        #expect(shared.directory.processes.map(\.instance) == ["first", "third"])
    }

    /// Kafka's clock decides whether other processes run: by a clock that is far ahead all of them would look stopped, by one behind
    /// stopped ones would look running.
    @Test(arguments: [-86_400_000, 3_600_000, 200_000_000]) func aWrongClockDoesNotHideWhoWouldNotUnderstandANewSecret(
        milliseconds: Int64
    ) async throws {
        shared.apply(.put(.process(ProcessReport(instance: "dead", start: "1", seen: .now.adding(milliseconds: -100_000)))))
        try await process("first").watch.join()
        let clock = SettableClock()
        clock.set(milliseconds)
        let hasty = try process("second", secret: "another secret altogether", previous: [Self.secret], clock: clock)
        await #expect { try await hasty.watch.join() } throws: { "\($0)".contains("processes of this node that run: first. They") }
        #expect(shared.directory.processes.map(\.instance) == ["dead", "first"], "no other report is touched")
    }

    @Test func aClockThatIsFarOffIsNotReadyUntilItIsSet() async throws {
        register()
        let clock = SettableClock()
        let (right, wrong) = (try process("right"), try process("wrong", clock: clock))
        clock.set(3_600_000)
        try await right.watch.join()
        try await wrong.watch.join()
        #expect(right.health.isReady && !wrong.health.isReady)
        #expect(String(buffer: wrong.health.render().json).contains("3600.0 s ahead of that"))
        #expect(wrong.log.lines.map(\.level) == [.error] && right.log.lines.allSatisfy { $0.level < .warning }, "\(right.log.lines)")
        // Its report is stamped by the common clock, so other processes take it neither for stopped nor for one from the future.
        let report = try #require(shared.directory.process("wrong"))
        #expect(abs(report.seen.milliseconds - Timestamp.now.milliseconds) < 60_000 && (report.clockOffset ?? 0) > 3_590_000)

        clock.set(2000)
        try await wrong.running {
            try await eventually("the clock is measured anew") { wrong.health.isReady }
            #expect(wrong.log.lines.map(\.level) == [.error, .warning])
            clock.set(0)
            try await eventually("it agrees") { wrong.log.lines.count == 3 }
            #expect(wrong.log.lines[2].text.hasSuffix("agrees with those of this node's other processes again"))
        }
        #expect(shared.directory.process("wrong") == nil, "a process that stops says so")
    }

    @Test func aNodeThatIsNotListedIsToldOnceItIsReadyAndWhenThatIsMended() async throws {
        let process = try process("only")
        try await process.watch.join()
        #expect(process.log.lines.map(\.level) == [.notice], "it may be listed in a moment")
        try await process.running {
            try await eventually("it is told") { process.log.lines.count == 2 }
            #expect(process.log.lines[1].level == .warning && process.log.lines[1].text.contains("the registry does not list this node"))
            #expect(process.health.isReady)
            register()
            try await eventually("it is told that it is mended") { process.log.lines.count == 3 }
            #expect(process.log.lines[2].text == "the registry lists this node now")
        }
    }

    @Test func aSecretThatIsReplacedWhileAProcessRunsMakesItUnready() async throws {
        register()
        let process = try process("first")
        try await process.watch.join()
        try await process.running {
            shared.apply(.put(.identity(NodeIdentity(operatorAddress: Self.address, secret: "another"))))
            try await eventually("it is not ready") { !process.health.isReady }
            #expect(process.log.lines.last?.level == .error)
        }
    }

    @Test func whatIsMissingInALogThatWasMadeAnewIsSaidAgain() async throws {
        register()
        let process = try process("own")
        try await process.watch.join()
        let identity = try #require(shared.directory.identity)
        try await process.running {
            for key in [FactKey.identity, FactKey.process("own")] { shared.apply(.delete(key: key)) }
            try await eventually("both are back") { shared.directory.identity == identity && shared.directory.process("own") != nil }
        }
    }

    @Test func whatDeadProcessesLeftIsSweptAway() async throws {
        register()
        let old = Timestamp.now.adding(milliseconds: -86_500_000)
        shared.apply(.put(.process(ProcessReport(instance: "dead", start: "1", seen: old))))
        shared.apply(.put(.process(ProcessReport(instance: "late", start: "1", seen: .now.adding(milliseconds: -100_000)))))
        try await process("own").watch.join()
        #expect(shared.directory.processes.map(\.instance) == ["late", "own"])
    }
}

/// One process with its monitor.
private struct Member {
    let watch: ConsistencyMonitor
    let health = Health()
    let log = RecordedLog()

    init(_ consistency: ProcessConsistency, _ instance: String, _ shared: StampedState, _ clock: SettableClock) {
        let log = log
        watch = ConsistencyMonitor(
            consistency, facts: shared.facts, health: health, logger: Logger(label: instance) { _ in log },
            interval: .milliseconds(5), renewal: .milliseconds(50), now: { clock.now })
    }

    /// Runs the monitor while `body` runs.
    func running(_ body: () async throws -> Void) async throws {
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [.init(service: watch)], logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }))
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            let outcome: Result<Void, any Error>
            do {
                outcome = .success(try await body())
            } catch {
                outcome = .failure(error)
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try outcome.get()
        }
    }
}

/// A clock that can be set wrong.
private final class SettableClock: Sendable {
    private let offset = Mutex<Int64>(0)

    func set(_ milliseconds: Int64) { offset.withLock { $0 = milliseconds } }
    var now: Timestamp { .now.adding(milliseconds: offset.withLock { $0 }) }
}

/// The shared state in memory, stamped by this machine's clock.
private final class StampedState: Sendable {
    private struct State {
        var directory: Directory
        var changes = 0
    }
    private let state: Mutex<State>

    init() {
        state = Mutex(State(directory: Directory(secrets: NodeSecrets(current: Array(ConsistencyMonitorTests.secret.utf8)))))
    }

    var directory: Directory { state.withLock { $0.directory } }
    var changes: Int { state.withLock { $0.changes } }

    func apply(_ change: FactChange) {
        state.withLock { state in
            state.changes += 1
            switch change {
            case .put(let fact): state.directory.apply(key: fact.key, fact)
            case .delete(let key): state.directory.apply(key: key, nil)
            }
        }
    }

    var facts: ConsistencyMonitor.SharedFacts {
        ConsistencyMonitor.SharedFacts(
            directory: { self.directory },
            write: { changes throws(StateError) in for change in changes { self.apply(change) } },
            post: { change, done in
                self.apply(change)
                done(.now)
            })
    }
}

/// Records the log lines.
private struct RecordedLog: LogHandler {
    private final class Lines: Sendable {
        let all = Mutex<[(level: Logger.Level, text: String)]>([])
    }
    private let kept = Lines()
    var metadata: Logger.Metadata = [:]
    var logLevel = Logger.Level.info

    var lines: [(level: Logger.Level, text: String)] { kept.all.withLock { $0 } }

    subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    func log(event: LogEvent) { kept.all.withLock { $0.append((event.level, event.message.description)) } }
}
