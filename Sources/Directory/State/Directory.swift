package import Encoding
import HashTreeCollections

/// The connected platforms, the network and its agreements: an immutable snapshot of `ocn.state`.
///
/// Take it once per request or batch from ``StateStore`` and query it as often as needed. It is one reference: taking it costs one retain.
/// Look-ups take a time that does not depend on the number of parties, unless documented. Party ids compare without case.
package struct Directory: Sendable {
    /// The content that all copies of a directory share.
    final class Snapshot: Sendable {
        let state: DirectoryState

        init(_ state: DirectoryState) { self.state = state }
    }

    private(set) var snapshot: Snapshot

    /// An empty directory.
    /// - Parameter secrets: decrypts the tokens with which this node calls platforms.
    package init(secrets: NodeSecrets) { self.init(DirectoryState(secrets: secrets)) }

    init(_ state: DirectoryState) { snapshot = Snapshot(state) }

    /// The next offset of `ocn.state` to apply: all records before it are in this snapshot.
    package var version: Int64 { snapshot.state.version }

    // MARK: Facts

    /// The fact in force under a key, for instance to check whether a write would change anything.
    package func fact(_ key: String) -> Fact? { snapshot.state.facts[key] }

    /// Facts in force although a later record of their key exists, which follows an older one. They must be written again, as successors of
    /// themselves: compaction would only leave the other record, and a process that has read only that one must accept the new one too.
    package var overruledFacts: [Fact] {
        let facts = snapshot.state.facts
        return facts.overruled(among: facts.overruledKeys.sorted()).map(\.following)
    }

    /// The ``overruledFacts`` whose keys are among those of the changes.
    package func overruledFacts(among changes: [FactChange]) -> [Fact] {
        snapshot.state.facts.overruled(among: changes.map(\.key)).map(\.following)
    }

    /// Keys of facts about platforms that do not exist, left by an incomplete removal. O(platforms), and O(facts) if there are any.
    package var orphanedKeys: [String] {
        let (facts, platforms) = (snapshot.state.facts, snapshot.state.platforms.byID)
        guard facts.countsBySubject.keys.contains(where: { platforms[$0] == nil }) else { return [] }
        return facts.byKey.filter { $0.value.content.subject.map { platforms[$0] == nil } ?? false }.map(\.key).sorted()
    }

    /// Ids of platforms that were removed no later than `latest` and have no facts left. O(removed platforms).
    package func forgettable(by latest: Timestamp) -> [String] {
        snapshot.state.platforms.removals.values.filter { $0.time <= latest }.map(\.platform)
            .filter { snapshot.state.facts.countsBySubject[$0] == nil }.sorted()
    }

    // MARK: Following

    /// Notes that the follower has passed every record before this offset, readable or not.
    package mutating func advance(to version: Int64) {
        change { $0.advance(to: version) }
    }

    /// Applies one record; nil is a deletion. Other copies of this directory stay unchanged. To apply many records, use a
    /// ``DirectoryState``.
    package mutating func apply(key: String, _ fact: Fact?) {
        change { $0.apply(key: key, fact) }
    }

    private mutating func change(_ change: (inout DirectoryState) -> Void) {
        var state = snapshot.state
        change(&state)
        snapshot = Snapshot(state)
    }
}
