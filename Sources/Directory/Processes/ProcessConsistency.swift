package import Encoding

/// Checks whether this process agrees with the others of its node on what they must share. A value: it gets a snapshot of the shared state
/// and returns texts for the operator.
package struct ProcessConsistency: Sendable {
    /// Whether a process may start.
    package enum Admission: Sendable, Equatable {
        /// The process may start. `write` must be written to `ocn.state`, if it is not nil.
        case granted(write: NodeIdentity?)
        /// The process may not start, for the given reason.
        case refused(String)
    }

    /// A fault that is found while the process runs.
    package struct Finding: Sendable, Equatable {
        /// The subject of a fault.
        package enum Subject: String, Sendable, CaseIterable {
            /// `node.key` and `node.secret`.
            case identity
            /// This process's clock compared with the others'.
            case clock
            /// All clocks compared with Kafka's.
            case kafkaClock = "kafka clock"
            /// The process's name.
            case instance
            /// Other settings that all processes share.
            case settings
            /// The node's entry in the registry.
            case registry
        }

        /// The subject.
        package let subject: Subject
        /// For the operator; names settings and what to do.
        package let text: String
        /// Whether requests would fail here, so that this process must not receive any.
        package let isBlocking: Bool

        init(_ subject: Subject, _ text: String, isBlocking: Bool = false) {
            self.subject = subject
            self.text = text
            self.isBlocking = isBlocking
        }
    }

    /// The report of this process.
    private let own: ProcessReport
    private let operatorAddress: String
    private let howToRegister: String

    /// - Parameters:
    ///   - process: this process's report.
    ///   - operatorAddress: address of `node.key`.
    ///   - howToRegister: the instruction to list this node in the registry.
    package init(_ process: ProcessReport, operatorAddress: String, howToRegister: String) {
        own = process
        self.operatorAddress = operatorAddress.lowercased()
        self.howToRegister = howToRegister
    }

    /// This process's name.
    package var instance: String { own.instance }

    /// This process's present report.
    package func report(_ clock: ClockSkew, now: Timestamp) -> ProcessReport {
        var report = own
        report.clockOffset = clock.offset
        report.seen = clock.kafkaTime(now)
        return report
    }

    private var identity: NodeIdentity { NodeIdentity(operatorAddress: operatorAddress, secret: own.secrets.first ?? "") }

    // MARK: At start

    /// Why this process may not join the node, at any time; nil if it may.
    package func conflict(with directory: Directory) -> String? { refusal(directory).map { $0 + ". Nothing was changed." } }

    /// Whether this process may join the node.
    /// - Parameter now: by Kafka's clock, if that is known.
    package func admission(to directory: Directory, now: Timestamp) -> Admission {
        if let conflict = conflict(with: directory) { return .refused(conflict) }
        // From here on every process must be able to decrypt this one's data.
        let unaware = others(in: directory, now: now).filter { !$0.secrets.contains(identity.secret) }.map(\.instance)
        guard unaware.isEmpty else {
            return .refused(
                "node.secret is new to processes of this node that run: \(Self.list(unaware)). They could not read what this one encrypts. "
                    + "First list it in node.previous_secrets of every process and restart them one after the other, then make it "
                    + "node.secret and list the old one as previous. Nothing was changed.")
        }
        return .granted(write: directory.identity == identity ? nil : identity)
    }

    private func refusal(_ directory: Directory) -> String? {
        guard let known = directory.identity else {
            // Written by versions without an identity record.
            let sealed = directory.sealedTokens
            guard !sealed.unreadable.isEmpty, sealed.readable == 0 else { return nil }
            return "node.secret is not the one with which the tokens in this node's ocn.state were encrypted: none of "
                + "\(sealed.unreadable.count) can be decrypted. Use that one, or list it in node.previous_secrets"
        }
        if known.operatorAddress != operatorAddress {
            return "node.key is another one than that of this node's other processes: its address is \(operatorAddress), theirs is "
                + "\(known.operatorAddress). Use the same key for every process. If the key was changed on purpose, stop all processes and "
                + "run `ocn identity replace`; if this is another node, give it a kafka.prefix of its own"
        }
        guard own.secrets.contains(known.secret) else {
            return "node.secret is another one than that of this node's other processes: they could not read what this one encrypts, nor "
                + "this one what they do. Use the same secret for every process. If it was changed, list the old one in "
                + "node.previous_secrets; if the old one is lost, stop all processes and run `ocn identity replace`"
        }
        return nil
    }

    // MARK: While it runs

    /// All faults, each subject at most once.
    /// - Parameters:
    ///   - clock: as last compared; see ``offsets(in:now:)``.
    ///   - now: by Kafka's clock, if that is known.
    package func findings(in directory: Directory, clock: ClockSkew, now: Timestamp) -> [Finding] {
        let others = others(in: directory, now: now)
        return [
            identity(directory), self.clock(clock, others.map(\.instance)), instance(directory), settings(others),
            registry(directory),
        ].compactMap { $0 }
    }

    /// The known offsets of the other processes' clocks to Kafka's.
    package func offsets(in directory: Directory, now: Timestamp) -> [Int64] { others(in: directory, now: now).compactMap(\.clockOffset) }

    private func others(in directory: Directory, now: Timestamp) -> [ProcessReport] {
        directory.processes.filter { $0.instance != own.instance && $0.isAlive(now: now) }
    }

    private func identity(_ directory: Directory) -> Finding? {
        guard directory.identity != nil, let refusal = refusal(directory) else { return nil }
        return Finding(.identity, refusal, isBlocking: true)
    }

    private func clock(_ clock: ClockSkew, _ others: [String]) -> Finding? {
        if let skew = clock.milliseconds, clock.level > .harmless {
            return Finding(
                .clock,
                "this process's clock is \(Self.seconds(skew)) of this node's other processes (\(Self.list(others))): deadlines are times of "
                    + "day, so requests end too early or too late. Synchronise the clocks of all machines (NTP)",
                isBlocking: clock.level == .harmful)
        }
        guard let offset = clock.offset, clock.levelOfKafka > .harmless else { return nil }
        return Finding(
            .kafkaClock,
            "this process's clock is \(Self.seconds(offset)) of Kafka: what is kept for a time may go too early or too late. Synchronise "
                + "the clocks of all machines (NTP)")
    }

    private func instance(_ directory: Directory) -> Finding? {
        guard let report = directory.process(own.instance), report.start != own.start else { return nil }
        return Finding(
            .instance, "another process with node.instance \(own.instance) runs: give each process a name of its own, or leave it out")
    }

    private func settings(_ others: [ProcessReport]) -> Finding? {
        let differences = own.settings.sorted { $0.key < $1.key }.compactMap { key, value -> String? in
            let different = others.filter { $0.settings[key].map { $0 != value } ?? false }
            guard let first = different.first, let theirs = first.settings[key] else { return nil }
            let same = different.filter { $0.settings[key] == theirs }.map(\.instance)
            return "\(key) is \(value) here and \(theirs) at \(Self.list(same))"
        }
        guard !differences.isEmpty else { return nil }
        return Finding(
            .settings, "processes of this node are configured differently: \(differences.joined(separator: "; ")). Use the same for all")
    }

    private func registry(_ directory: Directory) -> Finding? {
        guard directory.node(operator: operatorAddress) == nil else { return nil }
        return Finding(
            .registry,
            "the registry does not list this node: \(operatorAddress), the address of node.key, is no operator in it, so no party can be "
                + "listed as connected here. \(howToRegister)")
    }

    // MARK: Texts

    private static func list(_ names: [String]) -> String {
        names.prefix(5).joined(separator: ", ") + (names.count > 5 ? " and \(names.count - 5) more" : "")
    }

    /// `3600.0 s ahead`, `1.2 s behind that`.
    private static func seconds(_ milliseconds: Int64) -> String {
        let tenths = (abs(milliseconds) + 50) / 100
        return "\(tenths / 10).\(tenths % 10) s \(milliseconds < 0 ? "behind that" : "ahead of that")"
    }
}
