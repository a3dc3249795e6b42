import Encoding

/// One kind of record of `ocn.state`. Everything about a kind stands beside its type: its key, its form in Kafka, where the directory keeps
/// it, and what is changed in a record that would do harm. The index that it belongs to lists it among its kinds.
///
/// Readers ignore members they do not know, so that versions can mix during an upgrade.
protocol StateFact: Sendable, Equatable {
    /// What the keys of its records begin with, up to the first `/`.
    static var kind: String { get }

    /// Kafka key.
    var key: String { get }
    /// The record's value.
    var json: JSONValue { get }
    /// Reads a record's value; nil if it is none of this kind.
    init?(json: JSONValue)

    /// Enters it where look-ups find it.
    func add(to state: inout DirectoryState)
    /// Takes it out again. Called for what was added only.
    func remove(from state: inout DirectoryState)

    /// The platform that it is about and that must be there for it to mean anything.
    var subject: String? { get }
    /// Whether `standing` stays in force: both follow the same record, and it was there first.
    func isOverruled(by standing: Self) -> Bool
    /// The same, as a record that follows this one and every other one that there was until now.
    var following: Self { get }
    /// The fact with an end for whatever lets somebody in and has none.
    /// - Parameter written: when the record was.
    func dated(from written: Timestamp) -> Self
    /// The fact with no time later than `latest` of when something was so: nothing later would ever count, and it would never be too old. And
    /// with no end of something that is later than a process would have set it.
    /// - Parameter written: when the record was.
    /// - Returns: nil if it has none.
    func bounded(by latest: Timestamp, written: Timestamp) -> Self?
}

extension StateFact {
    var subject: String? { nil }
    func isOverruled(by standing: Self) -> Bool { false }
    var following: Self { self }
    func dated(from written: Timestamp) -> Self { self }
    func bounded(by latest: Timestamp, written: Timestamp) -> Self? { nil }
}
