/// Places for messages and room for the bytes of their bodies that clients share, of which one alone gets only a part. A value without a lock.
package struct SharedRoom: Sendable {
    /// What is taken of it.
    package struct Use: Sendable {
        /// Messages under way.
        package var places = 0
        /// Bytes of them that have arrived.
        package var bytes = 0
    }

    private let places: Int
    private let placesPerClient: Int
    private let bytes: Int
    /// By all together.
    package private(set) var used = Use()
    private var byClient: [String: Use] = [:]

    /// - Parameters:
    ///   - places: in all.
    ///   - placesPerClient: of one client.
    ///   - bytes: at once; of one client at most a quarter.
    package init(places: Int, placesPerClient: Int, bytes: Int) {
        self.places = places
        self.placesPerClient = placesPerClient
        self.bytes = bytes
    }

    /// Takes a place for one message; `false` when there is none, at all or for this client.
    package mutating func enter(_ client: String) -> Bool {
        guard used.places < places, byClient[client]?.places ?? 0 < placesPerClient else { return false }
        used.places += 1
        byClient[client, default: Use()].places += 1
        return true
    }

    /// Bytes have arrived from a client that has a place; `false` when there is no room for them, at all or for it.
    package mutating func charge(_ count: Int, to client: String) -> Bool {
        guard count <= bytes - used.bytes, count <= bytes / 4 - (byClient[client]?.bytes ?? 0) else { return false }
        used.bytes += count
        byClient[client]?.bytes += count
        return true
    }

    /// Gives a place back, and the bytes that were charged.
    package mutating func leave(_ client: String, bytes count: Int) {
        used.places -= 1
        used.bytes -= count
        guard var own = byClient[client] else { return }
        own.places -= 1
        own.bytes -= count
        byClient[client] = own.places > 0 ? own : nil
    }
}
