package import Encoding

/// One record of `ocn.state`: the newest per key counts, and no write touches another writer's key (invariant 8).
///
/// Each kind is declared beside its type, with a function here that makes it a fact.
package struct Fact: Sendable, Equatable {
    let content: any StateFact

    init(_ content: some StateFact) { self.content = content }

    /// The content: a ``Platform``, a ``NetworkNode`` and so on.
    package var value: any Sendable { content }

    /// The content, if it is of that kind.
    package func value<Value>(as kind: Value.Type) -> Value? { content as? Value }

    /// Kafka key.
    package var key: String { content.key }

    /// The record's value.
    package var json: JSONValue { content.json }

    /// Parses a record of `ocn.state`.
    /// - Returns: nil if the key or the value is invalid, or if the value belongs to another key, so that it could not be deleted by its
    ///   own. The caller counts it and continues.
    package init?(key: String, json: JSONValue) {
        let kind = String(key.prefix { $0 != "/" })
        guard let content = DirectoryState.kinds[kind]?.init(json: json), content.key == key else { return nil }
        self.content = content
    }

    package static func == (left: Fact, right: Fact) -> Bool { left.content.isEqual(to: right.content) }
}

extension Fact {
    /// See ``StateFact``.
    func isOverruled(by standing: Fact) -> Bool { content.isOverruled(byAny: standing.content) }

    /// See ``StateFact``.
    var following: Fact { content.followingFact }

    /// See ``StateFact``.
    func dated(from written: Timestamp) -> Fact { content.datedFact(from: written) }

    /// See ``StateFact``.
    func bounded(by latest: Timestamp, written: Timestamp) -> Fact? { content.boundedFact(by: latest, written: written) }
}

// Implementations for facts of any kind.
extension StateFact {
    fileprivate func isEqual(to other: any StateFact) -> Bool { self == other as? Self }

    fileprivate func isOverruled(byAny standing: any StateFact) -> Bool { (standing as? Self).map(isOverruled(by:)) ?? false }

    fileprivate var followingFact: Fact { Fact(following) }

    fileprivate func datedFact(from written: Timestamp) -> Fact { Fact(dated(from: written)) }

    fileprivate func boundedFact(by latest: Timestamp, written: Timestamp) -> Fact? {
        bounded(by: latest, written: written).map { Fact($0) }
    }
}
