import Directory
import Encoding
import Instruments
import Logging
import Notary
import OCPI
import ServiceLifecycle
import Synchronization
import Telemetry
import Topics

/// Keeps the processes of a node consistent. A process does not start with another key or secret than the others; it reports its own
/// settings and clock, and reports differences to the operator.
///
/// Only ``join()`` waits for Kafka, so that a shutdown is not delayed here.
final class ConsistencyMonitor: Service {
    /// Access to the shared state.
    struct SharedFacts: Sendable {
        let directory: @Sendable () -> Directory
        let write: @Sendable ([FactChange]) async throws(StateError) -> Void
        /// Writes a change without waiting. The closure is called when Kafka has acknowledged it, with its time by Kafka's clock.
        let post: @Sendable (FactChange, @escaping @Sendable (Timestamp?) -> Void) -> Void
        /// Called with how far this clock is ahead of Kafka's, whenever that was measured.
        var measured: @Sendable (Int64?) -> Void = { _ in }
    }

    private struct State {
        var clock = ClockSkew()
        var logged: [ProcessConsistency.Finding.Subject: LoggedFinding] = [:]
        /// The clock offset that was reported last, and when.
        var reported: (offset: Int64?, at: ContinuousClock.Instant)?
        var readySince: ContinuousClock.Instant?
    }

    /// A finding that was logged.
    private struct LoggedFinding {
        var isBlocking: Bool
        var at: ContinuousClock.Instant
    }

    private let consistency: ProcessConsistency
    private let facts: SharedFacts
    private let health: Health
    private let logger: Logger
    private let interval: Duration
    private let renewal: Duration
    private let now: @Sendable () -> Timestamp
    private let state = Mutex(State())
    private let metrics = ClockMetrics()

    /// Name of the check at `/ready`.
    static let check = "consistency"
    /// A lasting finding is logged again after this time.
    private static let reminder = Duration.seconds(600)
    /// The change of the clock offset that is reported at once, milliseconds.
    private static let tolerance: Int64 = 250

    /// - Parameters:
    ///   - interval: time between two comparisons with the other processes.
    ///   - renewal: time between two reports.
    ///   - now: the current time.
    init(
        _ consistency: ProcessConsistency, facts: SharedFacts, health: Health, logger: Logger, interval: Duration = .seconds(5),
        renewal: Duration = ProcessReport.renewal, now: @escaping @Sendable () -> Timestamp = { .now }
    ) {
        self.consistency = consistency
        self.facts = facts
        self.health = health
        self.logger = logger
        self.interval = interval
        self.renewal = renewal
        self.now = now
    }

    /// Compares this process with the others before it does anything else.
    /// - Throws: the reason why this process must not start, as a message for the operator.
    func join() async throws {
        if let conflict = consistency.conflict(with: facts.directory()) { throw ConfigurationError(description: conflict) }
        // Deletes the report of an earlier process of this name. The write also measures this clock, because other processes' reports are
        // compared with Kafka's.
        await acknowledged { post(.delete(key: FactKey.process(consistency.instance)), then: $0) }
        switch consistency.admission(to: facts.directory(), now: state.withLock { $0.clock.kafkaTime(now()) }) {
        case .refused(let reason): throw ConfigurationError(description: reason)
        case .granted(nil): break
        case .granted(let identity?):
            try await facts.write([.put(.identity(identity))])
            logger.notice("this process's node.key and node.secret are the node's", metadata: ["operator": "\(identity.operatorAddress)"])
        }
        await acknowledged { report(then: $0) }
        compare()
    }

    private func acknowledged(_ write: (_ done: @escaping @Sendable () -> Void) -> Void) async {
        let (answers, signal) = AsyncStream<Void>.makeStream()
        write { signal.finish() }
        for await _ in answers {}
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                if isReportDue { report() }
                compare()
                try? await Task.sleep(for: interval)
            }
        }
        facts.post(.delete(key: FactKey.process(consistency.instance))) { _ in }
    }

    // MARK: Reports to other processes

    private var isReportDue: Bool {
        state.withLock { state in
            guard let reported = state.reported else { return true }
            let isNews = state.clock.offset.map { abs($0 - (reported.offset ?? .max / 2)) > Self.tolerance } ?? false
            return isNews || ContinuousClock.now - reported.at >= renewal
        }
    }

    /// Reports this process, which also measures its clock, and rewrites facts that are missing or outdated in `ocn.state`.
    private func report(then: @escaping @Sendable () -> Void = {}) {
        let sent = now()
        let report = state.withLock { state in
            state.reported = (state.clock.offset, .now)
            return consistency.report(state.clock, now: sent)
        }
        post(.put(.process(report)), sent: sent, then: then)
        let directory = facts.directory()
        if directory.identity == nil, case .granted(let identity?) = consistency.admission(to: directory, now: report.seen) {
            // The topic was recreated.
            facts.post(.put(.identity(identity))) { _ in }
        }
        for other in directory.processes where other.instance != consistency.instance && other.isOutdated(now: report.seen) {
            facts.post(.delete(key: FactKey.process(other.instance))) { _ in }
        }
    }

    private func post(_ change: FactChange, sent: Timestamp? = nil, then: @escaping @Sendable () -> Void) {
        let sent = sent ?? now()
        facts.post(change) { [self] appended in
            let received = now()
            let offset = state.withLock { state in
                state.clock.measure(sent: sent, appended: appended, received: received)
                return state.clock.offset
            }
            facts.measured(offset)
            then()
        }
    }

    // MARK: Findings for the operator

    /// Compares this process with the others once.
    private func compare() {
        let directory = facts.directory()
        let time = now()
        let findings = state.withLock { state in
            let kafkaTime = state.clock.kafkaTime(time)
            state.clock.compare(with: consistency.offsets(in: directory, now: kafkaTime))
            if let milliseconds = state.clock.milliseconds { metrics.skew.record(Double(milliseconds) / 1000) }
            if let milliseconds = state.clock.offset { metrics.offset.record(Double(milliseconds) / 1000) }
            let isSettled = isSettled(&state)
            // A registry file is published only some time after the first start.
            return consistency.findings(in: directory, clock: state.clock, now: kafkaTime).filter { $0.subject != .registry || isSettled }
        }
        log(findings)
    }

    private func isSettled(_ state: inout State) -> Bool {
        guard let since = state.readySince else {
            if health.isReady { state.readySince = .now }
            return false
        }
        return ContinuousClock.now - since >= interval * 2
    }

    private func log(_ findings: [ProcessConsistency.Finding]) {
        let blocking = findings.first(where: \.isBlocking)
        health.set(Self.check, ready: blocking == nil, reason: blocking?.text)
        let (unlogged, resolved) = state.withLock { state in
            let unlogged = findings.filter { finding in
                guard let earlier = state.logged[finding.subject] else { return true }
                return earlier.isBlocking != finding.isBlocking || ContinuousClock.now - earlier.at >= Self.reminder
            }
            for finding in unlogged { state.logged[finding.subject] = LoggedFinding(isBlocking: finding.isBlocking, at: .now) }
            let lasting = Set(findings.map(\.subject))
            let resolved = state.logged.keys.filter { !lasting.contains($0) }
            for subject in resolved { state.logged[subject] = nil }
            return (unlogged, resolved)
        }
        for finding in unlogged { logger.log(level: finding.isBlocking ? .error : .warning, "\(finding.text)") }
        for subject in resolved { logger.notice("\(subject.allClear)") }
    }
}

extension ProcessConsistency.Finding.Subject {
    /// The message when a finding no longer holds.
    fileprivate var allClear: String {
        switch self {
        case .identity: "node.key and node.secret are those of this node's other processes again"
        case .clock: "this process's clock agrees with those of this node's other processes again"
        case .kafkaClock: "this process's clock agrees with Kafka's again"
        case .instance: "no other process has this node.instance any more"
        case .settings: "the processes of this node are configured alike again"
        case .registry: "the registry lists this node now"
        }
    }
}

extension NodeConfiguration {
    /// What this process must have in common with the other processes of its node.
    func consistency() -> ProcessConsistency {
        let address = key.address.hex
        let settings: [String: String] = [
            "node.url": publicURL, "node.hub": hub.description, "node.signatures": "\(signatures)",
            "kafka.request_partitions": "\(topicSettings.requestPartitions)", "kafka.reply_partitions": "\(topicSettings.replyPartitions)",
            "kafka.outbox_partitions": "\(topicSettings.outboxPartitions)", "kafka.replication": "\(topicSettings.replication)",
            "push.horizon_hours": "\(topicSettings.copyHorizonSeconds / 3600)", "registry.source": registryFile == nil ? "state" : "file",
        ]
        let process = ProcessReport(
            instance: instance, start: UUIDText.v7(), roles: NodeRole.allCases.filter(roles.contains).map(\.rawValue),
            secrets: secrets.fingerprints(address), settings: settings, seen: .now)
        return ProcessConsistency(
            process, operatorAddress: address,
            howToRegister: registryFile.map { "Add it to \($0): nodes: [{operator: \"\(address)\", url: \(publicURL), verbatim: true}]" }
                ?? "Add it: ocn registry add-node \(address) \(publicURL) --verbatim")
    }
}

extension ConsistencyMonitor.SharedFacts {
    /// Reads and writes `ocn.state`.
    init(_ shared: SharedResources) {
        self.init(
            directory: { [store = shared.store] in store.directory },
            write: { [writer = shared.writer] changes throws(StateError) in try await writer.write(changes) },
            post: { [writer = shared.writer] change, done in writer.post(change, done: done) },
            measured: { [clock = shared.store.clock] in clock.learn($0) })
    }
}
