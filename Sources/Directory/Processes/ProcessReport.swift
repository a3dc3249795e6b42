package import Encoding
import HashTreeCollections

/// What a process says of itself in `ocn.state` for as long as it lives.
package struct ProcessReport: Sendable, Equatable {
    /// Its name.
    package var instance: String
    /// Another one for each start: two processes of one name have two.
    package var start: String
    /// What it does.
    package var roles: [String]
    /// Fingerprints of the secrets that it knows, the one that it encrypts with first.
    package var secrets: [String]
    /// Settings that the processes of a node should share, by key. No secrets.
    package var settings: [String: String]
    /// Milliseconds that its clock is ahead of Kafka's; nil if it does not know.
    package var clockOffset: Int64?
    /// When it said so: by Kafka's clock if it knows how far its own is off.
    package var seen: Timestamp

    /// How often a process reports.
    package static let renewal = Duration.seconds(30)
    /// How long a report holds that is not renewed: three of them are missing then.
    private static let lifetimeMilliseconds: Int64 = 90_000
    /// After what time a report is deleted: long enough that no clock which is merely wrong makes a living process look so old.
    private static let remainsMilliseconds: Int64 = 86_400_000

    /// - Parameters: as the properties say.
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

    /// Whether the process is taken to be alive.
    /// - Parameter now: by Kafka's clock, if that is known.
    package func isAlive(now: Timestamp) -> Bool { seen.adding(milliseconds: Self.lifetimeMilliseconds) >= now }

    /// Whether the report is in nobody's interest any more.
    package func isOutdated(now: Timestamp) -> Bool { seen.adding(milliseconds: Self.remainsMilliseconds) < now }
}

// MARK: - In ocn.state

extension FactKey {
    /// What a process says of itself.
    package static func process(_ instance: String) -> String { "\(ProcessReport.kind)/\(instance)" }
}

extension Fact {
    /// What a process says of itself while it lives.
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
