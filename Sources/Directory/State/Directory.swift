package import Encoding
import HashTreeCollections

/// Who is connected, who is on the network, and who agreed to what: an immutable snapshot of `ocn.state`.
///
/// Take it once per request or batch from ``StateStore`` and ask it as often as needed. It is one reference: taking it costs one retain. Look-ups
/// do not depend on the number of parties, if they do not say so. Party ids compare without case.
package struct Directory: Sendable {
    /// What all copies of a directory share.
    final class Snapshot: Sendable {
        let state: DirectoryState

        init(_ state: DirectoryState) { self.state = state }
    }

    private(set) var snapshot: Snapshot

    /// An empty directory.
    /// - Parameter secrets: opens the tokens we call platforms with.
    package init(secrets: NodeSecrets) { self.init(DirectoryState(secrets: secrets)) }

    init(_ state: DirectoryState) { snapshot = Snapshot(state) }

    /// The next offset of `ocn.state` to apply: everything before it is in this snapshot.
    package var version: Int64 { snapshot.state.version }

    // MARK: Facts

    /// The fact that stands under a key, e.g. to see whether a write would change anything.
    package func fact(_ key: String) -> Fact? { snapshot.state.facts[key] }

    /// Facts that stand although a later record of their key is there, which follows an older one, as they are to be written again:
    /// compaction would leave the other one only. They follow themselves, so that they count for whoever has read only the other one too.
    package var overruledFacts: [Fact] {
        let facts = snapshot.state.facts
        return facts.overruled(among: facts.overruledKeys.sorted()).map(\.following)
    }

    /// Those of the changes' keys that ``overruledFacts`` are of.
    package func overruledFacts(among changes: [FactChange]) -> [Fact] {
        snapshot.state.facts.overruled(among: changes.map(\.key)).map(\.following)
    }

    /// Keys of what is said about platforms that are not there: a removal that came to no end. O(platforms), and O(facts) if there are any.
    package var orphanedKeys: [String] {
        let (facts, platforms) = (snapshot.state.facts, snapshot.state.platforms.byID)
        guard facts.countsBySubject.keys.contains(where: { platforms[$0] == nil }) else { return [] }
        return facts.byKey.filter { $0.value.content.subject.map { platforms[$0] == nil } ?? false }.map(\.key).sorted()
    }

    /// Ids of platforms that were removed no later than `latest`, and of which nothing stands here any more. O(removed platforms).
    package func forgettable(by latest: Timestamp) -> [String] {
        snapshot.state.platforms.removals.values.filter { $0.time <= latest }.map(\.platform)
            .filter { snapshot.state.facts.countsBySubject[$0] == nil }.sorted()
    }

    // MARK: Following

    /// The follower has seen everything before this offset, whether or not it could read it.
    package mutating func advance(to version: Int64) {
        change { $0.advance(to: version) }
    }

    /// Applies one record: nil is a deletion. Other copies of this directory stay as they are. Whoever applies many at once does so to a
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
