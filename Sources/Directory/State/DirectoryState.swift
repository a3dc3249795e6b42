import HashTreeCollections

/// The content of `ocn.state`: the facts, and indexes for look-ups.
///
/// The follower changes it in place, record by record. All maps are persistent: after a ``Directory`` was made of it, a change copies the
/// few nodes on its path, whatever the number of facts, and the directory stays unchanged.
struct DirectoryState: Sendable {
    /// The next offset of `ocn.state` to apply.
    private(set) var version: Int64 = 0
    private(set) var facts = FactTable()
    var platforms: PlatformIndex
    var network = NetworkIndex()
    var operations = OperationsIndex()

    /// The kinds of facts, by the beginning of their keys.
    static let kinds: [String: any StateFact.Type] = {
        let all = PlatformIndex.kinds + NetworkIndex.kinds + OperationsIndex.kinds
        return Dictionary(all.map { ($0.kind, $0) }) { first, _ in first }
    }()

    init(secrets: NodeSecrets) {
        platforms = PlatformIndex(secrets: secrets)
    }

    /// Notes that the follower has passed every record before this offset, readable or not.
    mutating func advance(to version: Int64) {
        self.version = max(self.version, version)
    }

    /// Applies one record; nil is a deletion. All processes that apply the same records in order have the same facts.
    mutating func apply(key: String, _ fact: Fact?) {
        guard !facts.overrules(fact, key: key) else { return }
        let old = facts.replace(key, with: fact)
        old?.content.remove(from: &self)
        fact?.content.add(to: &self)
    }
}
