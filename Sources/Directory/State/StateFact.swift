import Encoding

/// One kind of record of `ocn.state`. A kind is declared beside its type: its key, its form in Kafka, its table in the directory, and the
/// corrections of harmful records. Its index lists it among its kinds.
///
/// Readers ignore members they do not know, so that versions can mix during an upgrade.
protocol StateFact: Sendable, Equatable {
    /// The beginning of its records' keys, up to the first `/`.
    static var kind: String { get }

    /// Kafka key.
    var key: String { get }
    /// The record's value.
    var json: JSONValue { get }
    /// Parses a record's value; nil if it is not of this kind.
    init?(json: JSONValue)

    /// Adds it to the index.
    func add(to state: inout DirectoryState)
    /// Removes it from the index. Called only for added facts.
    func remove(from state: inout DirectoryState)

    /// The platform that it is about, without which it has no meaning.
    var subject: String? { get }
    /// Whether `standing` stays in force: both follow the same record, and `standing` was first.
    func isOverruled(by standing: Self) -> Bool
    /// The same fact, as a successor of this record and of every other one so far.
    var following: Self { get }
    /// The fact with an expiry for each token or invitation that has none.
    /// - Parameter written: when the record was written.
    func dated(from written: Timestamp) -> Self
    /// The fact with all times limited: none later than `latest`, because a later one would never be replaced or become outdated, and no
    /// expiry later than a process would have set.
    /// - Parameter written: when the record was written.
    /// - Returns: nil if there is nothing to limit.
    func bounded(by latest: Timestamp, written: Timestamp) -> Self?
}

extension StateFact {
    var subject: String? { nil }
    func isOverruled(by standing: Self) -> Bool { false }
    var following: Self { self }
    func dated(from written: Timestamp) -> Self { self }
    func bounded(by latest: Timestamp, written: Timestamp) -> Self? { nil }
}
