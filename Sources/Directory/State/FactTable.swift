import HashTreeCollections

/// All facts that stand, by their Kafka keys.
struct FactTable: Sendable {
    private(set) var byKey: TreeDictionary<String, Fact> = [:]
    /// Keys whose newest record does not count, so that compaction will leave only that.
    private(set) var overruledKeys: TreeSet<String> = []
    /// How many facts there are about each platform.
    private(set) var countsBySubject: TreeDictionary<String, Int> = [:]

    subscript(_ key: String) -> Fact? { byKey[key] }

    /// Judges the next record of a key; nil is a deletion.
    /// - Returns: whether it counts for nothing, because of what stands.
    mutating func overrules(_ fact: Fact?, key: String) -> Bool {
        if let fact, let standing = byKey[key] {
            if fact.isOverruled(by: standing) {
                overruledKeys.insert(key)
                return true
            }
            // The same again is no later one: for whoever has read only what was overruled it still counts for nothing.
            if overruledKeys.contains(key), fact == standing { return true }
        }
        overruledKeys.remove(key)
        return false
    }

    /// - Parameter fact: what stands under the key from now on; nil for nothing.
    /// - Returns: what stood there.
    mutating func replace(_ key: String, with fact: Fact?) -> Fact? {
        let old = if let fact { byKey.updateValue(fact, forKey: key) } else { byKey.removeValue(forKey: key) }
        let (before, after) = (old?.content.subject, fact?.content.subject)
        if before != after {
            if let before { count(before, -1) }
            if let after { count(after, 1) }
        }
        return old
    }

    private mutating func count(_ subject: String, _ difference: Int) {
        let count = (countsBySubject[subject] ?? 0) + difference
        countsBySubject[subject] = count == 0 ? nil : count
    }

    /// Those of the facts under these keys that stand although a later record of their key is there.
    func overruled(among keys: some Sequence<String>) -> [Fact] {
        keys.filter(overruledKeys.contains).compactMap { byKey[$0] }
    }
}
