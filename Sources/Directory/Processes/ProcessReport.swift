package import Encoding
import HashTreeCollections

/// A process's report of itself in `ocn.state`, renewed while it lives.
package struct ProcessReport: Sendable, Equatable {
    /// Its name.
    package var instance: String
    /// A random id for each start: two processes with the same name have different ones.
    package var start: String
    /// Its roles.
    package var roles: [String]
    /// Fingerprints of the secrets that it knows; the first one encrypts.
    package var secrets: [String]
    /// Settings that the processes of a node should share, by key. No secrets.
    package var settings: [String: String]
    /// Milliseconds that its clock is ahead of Kafka's; nil if unknown.
    package var clockOffset: Int64?
    /// The time of the report: by Kafka's clock if its offset is known.
    package var seen: Timestamp

    /// How often a process reports.
    package static let renewal = Duration.seconds(30)
    /// How long a report is valid without renewal: three renewals have then failed.
    private static let lifetimeMilliseconds: Int64 = 90_000
    /// The age at which a report is deleted: long enough that no wrong clock makes the report of a living process look so old.
    private static let remainsMilliseconds: Int64 = 86_400_000

    package init(
        instance: String, start: String, roles: [String] = [], secrets: [String] = [], settings: [String: String] = [:],
        clockOffset: Int64? = nil, seen: Timestamp
    ) {
        self.instance = instance
        self.start = start
        self.roles = roles
        self.secrets = secrets
        self.settings = settings
        self.clockOffset = clockOffset
        self.seen = seen
    }

    /// Whether the process counts as alive.
    /// - Parameter now: by Kafka's clock, if that is known.
    package func isAlive(now: Timestamp) -> Bool { seen.adding(milliseconds: Self.lifetimeMilliseconds) >= now }

    /// Whether the report can be deleted.
    package func isOutdated(now: Timestamp) -> Bool { seen.adding(milliseconds: Self.remainsMilliseconds) < now }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a process's report.
    package static func process(_ instance: String) -> String { "\(ProcessReport.kind)/\(instance)" }
}

extension Fact {
    /// A process's report of itself.
    package static func process(_ report: ProcessReport) -> Fact { Fact(report) }
}

extension ProcessReport: TableFact {
    static let kind = "process"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<String, Self>> { \.operations.processes }
    var indexKey: String { instance }
    var key: String { FactKey.process(instance) }

    var json: JSONValue {
        .object([
            "instance": .string(instance), "start": .string(start), "roles": .array(roles.map(JSONValue.string)),
            "secrets": .array(secrets.map(JSONValue.string)),
            "settings": .object(settings.sorted { $0.key < $1.key }.map { JSONMember(name: $0.key, value: .string($0.value)) }),
            "clock_offset_ms": clockOffset.map(JSONValue.int), "seen": .string(seen.description),
        ])
    }

    init?(json: JSONValue) {
        guard let instance = json["instance"]?.string, let start = json["start"]?.string,
            let seen = json.time("seen")
        else { return nil }
        let settings = (json["settings"]?.members ?? []).compactMap { member in member.value.string.map { (member.name, $0) } }
        self.init(
            instance: instance, start: start, roles: (json["roles"]?.array ?? []).compactMap(\.string),
            secrets: (json["secrets"]?.array ?? []).compactMap(\.string), settings: Dictionary(settings) { _, last in last },
            clockOffset: json["clock_offset_ms"]?.int.map(Int64.init), seen: seen)
    }
    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        guard seen > latest else { return nil }
        var bounded = self
        bounded.seen = latest
        return bounded
    }
}
