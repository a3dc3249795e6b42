package import OCPI

/// Identifies repeats of a request: they have the same sender, `X-Request-ID`, recipient, path and body, and enter from the same side.
///
/// Equal keys have equal ordering keys, so one worker of each group sees all of them, the owner of their partition. The key is a 128-bit
/// hash with a seed of this process, so that nobody can prepare two requests with one key.
package struct IdempotencyKey: Hashable, Sendable {
    /// The sender of the request.
    package let sender: PartyID
    private let first: Int
    private let second: Int

    /// How long a repeat of a request has no second effect.
    package static let window = Duration.seconds(600)

    /// Nil for a request that may be sent twice.
    package init?(_ record: RequestRecord) {
        guard Self.isNeeded(for: record) else { return nil }
        sender = record.from
        let place = record.place
        first = Self.hash(record, place, salt: 1)
        second = Self.hash(record, place, salt: 2)
    }

    /// Whether the request must not be sent twice. A message of another node is signed but has no time, so anyone who has seen it can send it
    /// again; of these only reads may be sent twice. A request for an asynchronous result is more than a read.
    package static func isNeeded(for record: RequestRecord) -> Bool {
        // The token may have been blocked since the first answer.
        guard !ModuleTable.isAuthorization(record.method, record.route) else { return false }
        return switch record.origin {
        case .local: !record.method.isIdempotent
        case .node: !record.method.isRead || ModuleTable.hasResponseURL(record.method, record.route) != nil
        case .hub: false
        }
    }

    /// The sender's node is left out: only one node may act for the sender, and it may change its URL.
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
