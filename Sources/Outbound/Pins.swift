/// Which client dials which address for which name: a value that makes and counts clients, and says which are not needed any more.
///
/// AsyncHTTPClient dials another address than the one it would find only if its configuration says so (`dnsOverride`), and that cannot be
/// changed later. So a name that is new, or has moved, gets a new client, and when there are many, those with the fewest names become
/// one: clients share no TLS context, so there must not be as many as names.
struct Pins<Client> {
    private struct Entry {
        let client: Client
        /// Names that are called through it, and where it dials for them.
        var addresses: [String: String]
        var uses = 0
    }

    private static var maxClients: Int { 8 }
    private static var merged: Int { 4 }
    /// With more than that all are forgotten; who is called again comes back.
    private static var maxNames: Int { 4096 }

    private var entries: [Int: Entry] = [:]
    private var entryOfName: [String: Int] = [:]
    private var lastID = 0
    private var isClosed = false

    /// Clients there are.
    var count: Int { entries.count }

    /// - Parameter make: a client that dials these addresses for these names.
    /// - Returns: nil after the end; and clients that nobody uses and nobody will.
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

    /// The end: all clients, in use or not.
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
