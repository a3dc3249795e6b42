import HashTreeCollections

/// All facts in force, by their Kafka keys.
struct FactTable: Sendable {
    private(set) var byKey: TreeDictionary<String, Fact> = [:]
    /// Keys whose newest record is ignored, although compaction will leave only that one.
    private(set) var overruledKeys: TreeSet<String> = []
    /// The number of facts about each platform.
    private(set) var countsBySubject: TreeDictionary<String, Int> = [:]

    subscript(_ key: String) -> Fact? { byKey[key] }

    /// Evaluates the next record of a key; nil is a deletion.
    /// - Returns: whether it is ignored, because of the fact in force.
    mutating func overrules(_ fact: Fact?, key: String) -> Bool {
        if let fact, let standing = byKey[key] {
            if fact.isOverruled(by: standing) {
                overruledKeys.insert(key)
                return true
            }
            // A repeat is no successor: a process that has read only the overruled record still ignores it.
            if overruledKeys.contains(key), fact == standing { return true }
        }
        overruledKeys.remove(key)
        return false
    }

    /// - Parameter fact: the new fact under the key; nil for none.
    /// - Returns: the old fact.
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

    /// The facts under these keys that are in force although a later record of their key exists.
    func overruled(among keys: some Sequence<String>) -> [Fact] {
        keys.filter(overruledKeys.contains).compactMap { byKey[$0] }
    }
}
