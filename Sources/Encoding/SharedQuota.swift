/// A quota of messages and body bytes that clients share, with a limit per client. A value without a lock.
package struct SharedQuota: Sendable {
    /// The used part of the quota.
    package struct Use: Sendable {
        /// The number of messages in progress.
        package var places = 0
        /// The number of body bytes received for them.
        package var bytes = 0
    }

    private let places: Int
    private let placesPerClient: Int
    private let bytes: Int
    /// The use of all clients together.
    package private(set) var used = Use()
    private var byClient: [String: Use] = [:]

    /// - Parameters:
    ///   - places: the most messages of all clients.
    ///   - placesPerClient: the most messages of one client.
    ///   - bytes: the most body bytes of all clients; one client gets at most a quarter.
    package init(places: Int, placesPerClient: Int, bytes: Int) {
        self.places = places
        self.placesPerClient = placesPerClient
        self.bytes = bytes
    }

    /// Reserves a place for one message; `false` when the total or the client's limit is reached.
    package mutating func enter(_ client: String) -> Bool {
        guard used.places < places, byClient[client]?.places ?? 0 < placesPerClient else { return false }
        used.places += 1
        byClient[client, default: Use()].places += 1
        return true
    }

    /// Counts bytes received from a client that has a place; `false` when the total or the client's limit would be exceeded.
    package mutating func charge(_ count: Int, to client: String) -> Bool {
        guard count <= bytes - used.bytes, count <= bytes / 4 - (byClient[client]?.bytes ?? 0) else { return false }
        used.bytes += count
        byClient[client]?.bytes += count
        return true
    }

    /// Releases a place, and the bytes that were charged.
    package mutating func leave(_ client: String, bytes count: Int) {
        used.places -= 1
        used.bytes -= count
        guard var own = byClient[client] else { return }
        own.places -= 1
        own.bytes -= count
        byClient[client] = own.places > 0 ? own : nil
    }
}
