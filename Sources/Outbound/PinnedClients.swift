/// Which client connects to which address for which name: a value that makes and counts clients, and returns those that are not needed any
/// more.
///
/// AsyncHTTPClient only connects to another address than the resolved one if its configuration says so (`dnsOverride`), which cannot be
/// changed later. So a new name, or one with a new address, gets a new client. Above a number of clients, those with the fewest names are
/// merged: clients share no TLS context, so there must not be one per name.
struct PinnedClients<Client> {
    private struct Entry {
        let client: Client
        /// The names called through the client, with their addresses.
        var addresses: [String: String]
        var uses = 0
    }

    private static var maxClients: Int { 8 }
    private static var merged: Int { 4 }
    /// The number of names above which all are dropped; a name is added again with its next call.
    private static var maxNames: Int { 4096 }

    private var entries: [Int: Entry] = [:]
    private var entryOfName: [String: Int] = [:]
    private var lastID = 0
    private var isClosed = false

    /// The number of clients.
    var count: Int { entries.count }

    /// Leases the client for a name at an address, which ``giveBack(_:)`` returns.
    /// - Parameter make: makes a client that connects to these addresses for these names.
    /// - Returns: the lease, nil after the end; and the clients that no call uses or will use.
    mutating func lease(
        _ name: String, at address: String, _ make: (_ addresses: [String: String]) -> Client
    ) -> (lease: (client: Client, id: Int)?, retired: [Client]) {
        guard !isClosed else { return (nil, []) }
        if let id = entryOfName[name], let entry = entries[id], entry.addresses[name] == address {
            entries[id]?.uses += 1
            return ((entry.client, id), [])
        }
        var addresses: [String: String] = [:]
        var touched = entryOfName[name].map { [$0] } ?? []
        let serving = entries.filter { !$0.value.addresses.isEmpty }.map { ($0.value.addresses.count, $0.key) }.sorted(by: <)
        if entryOfName.count >= Self.maxNames {
            touched += entries.keys
        } else if serving.count >= Self.maxClients {
            for (_, id) in serving.prefix(Self.merged) {
                touched.append(id)
                addresses.merge(entries[id]?.addresses ?? [:]) { old, _ in old }
            }
        }
        addresses[name] = address
        lastID += 1
        if entryOfName.count >= Self.maxNames { forget() }
        for moved in addresses.keys {
            if let id = entryOfName[moved] { entries[id]?.addresses[moved] = nil }
            entryOfName[moved] = lastID
        }
        let client = make(addresses)
        entries[lastID] = Entry(client: client, addresses: addresses, uses: 1)
        return ((client, lastID), touched.compactMap { retire($0) })
    }

    mutating func giveBack(_ id: Int) -> [Client] {
        entries[id]?.uses -= 1
        return retire(id).map { [$0] } ?? []
    }

    /// Ends all leases, and returns all clients, in use or not.
    mutating func close() -> [Client] {
        defer {
            entries = [:]
            entryOfName = [:]
        }
        isClosed = true
        return entries.values.map(\.client)
    }

    private mutating func forget() {
        entryOfName = [:]
        for id in entries.keys { entries[id]?.addresses = [:] }
    }

    private mutating func retire(_ id: Int) -> Client? {
        guard let entry = entries[id], entry.uses == 0, entry.addresses.isEmpty else { return nil }
        entries[id] = nil
        return entry.client
    }
}
