import HashTreeCollections

/// A kind of fact that the directory keeps in one table.
protocol TableFact: StateFact {
    /// The type of its look-up key.
    associatedtype IndexKey: Hashable & Sendable
    /// Its table.
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<IndexKey, Self>> { get }
    /// Its look-up key.
    var indexKey: IndexKey { get }
}

extension TableFact {
    func add(to state: inout DirectoryState) { state[keyPath: Self.table][indexKey] = self }
    func remove(from state: inout DirectoryState) { state[keyPath: Self.table][indexKey] = nil }
}
