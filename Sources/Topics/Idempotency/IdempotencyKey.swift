package import OCPI

/// What makes a request a repeat of another: the same sender, `X-Request-ID`, recipient, place and body, from the same side.
///
/// Equal keys have equal ordering keys, so one worker of each group sees them all, the one that owns their partition. 128 bits of a hash
/// with a seed of this process, so that nobody can prepare two requests with one key.
package struct IdempotencyKey: Hashable, Sendable {
    /// Who sent it.
    package let sender: PartyID
    private let first: Int
    private let second: Int

    /// For how long a request that comes again has no second effect.
    package static let window = Duration.seconds(600)

    /// Nil for a request that may simply be sent twice. A message of another node is signed but has no time: whoever has seen it can send
    /// it again, so there only what reads may be sent twice. Asking for a result is more than reading.
    package init?(_ record: RequestRecord) {
        // The token may have been blocked since the first one was answered.
        guard !ModuleTable.isAuthorization(record.method, record.route) else { return nil }
        switch record.origin {
        case .local: guard !record.method.isIdempotent else { return nil }
        case .node:
            guard !record.method.isRead || ModuleTable.hasResponseURL(record.method, record.route) != nil else { return nil }
        case .hub: return nil
        }
        sender = record.from
        let place = record.place
        first = Self.hash(record, place, salt: 1)
        second = Self.hash(record, place, salt: 2)
    }

    /// The sender's node is not in it: there is one that may speak for the sender, and it may change its URL.
    private static func hash(_ record: RequestRecord, _ place: String, salt: UInt8) -> Int {
        var hasher = Hasher()
        hasher.combine(salt)
        hasher.combine(record.origin == .local)
        hasher.combine(record.to)
        hasher.combine(record.requestID)
        hasher.combine(record.method)
        hasher.combine(record.module)
        hasher.combine(record.interface)
        hasher.combine(place)
        hasher.combine(record.body)
        return hasher.finalize()
    }
}
