import HashTreeCollections

/// A kind of fact that the directory keeps in one table.
protocol TableFact: StateFact {
    /// What it is looked up by.
    associatedtype IndexKey: Hashable & Sendable
    /// Where it is kept.
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<IndexKey, Self>> { get }
    /// What it is looked up by.
    var indexKey: IndexKey { get }
}

extension TableFact {
    func add(to state: inout DirectoryState) { state[keyPath: Self.table][indexKey] = self }
    func remove(from state: inout DirectoryState) { state[keyPath: Self.table][indexKey] = nil }
}
