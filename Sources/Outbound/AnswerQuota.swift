import Encoding
import Synchronization

/// A quota for the bodies of incoming answers, shared by all hosts. One host may use a quarter, so that one with slow or many answers does
/// not block the others. Any thread may call.
final class AnswerQuota: Sendable {
    private let room: Mutex<SharedQuota>

    /// - Parameter bytes: the total.
    init(bytes: Int) {
        room = Mutex(SharedQuota(places: .max, placesPerClient: .max, bytes: bytes))
    }

    /// The bytes in use.
    var used: Int { room.withLock { $0.used.bytes } }

    /// The bytes charged for one answer, which must be released.
    struct Charge: Sendable {
        /// The size up to which an answer is not charged: the number of calls bounds such answers, and most are smaller.
        static let free = 16 * 1024

        let host: String
        private(set) var bytes = 0

        init(host: String) { self.host = host }

        /// Charges a body that has grown to `count` bytes.
        /// - Returns: whether the total and the host's limit allow it.
        mutating func grow(to count: Int, in answers: AnswerQuota) -> Bool {
            guard count > Self.free else { return true }
            let isFirst = bytes == 0
            let hasRoom = answers.room.withLock { [bytes, host] in
                if isFirst { _ = $0.enter(host) }
                guard $0.charge(count - bytes, to: host) else {
                    if isFirst { $0.leave(host, bytes: 0) }
                    return false
                }
                return true
            }
            if hasRoom { bytes = count }
            return hasRoom
        }

        /// Releases the charged bytes.
        mutating func end(in answers: AnswerQuota) {
            guard bytes > 0 else { return }
            answers.room.withLock { [bytes, host] in $0.leave(host, bytes: bytes) }
            bytes = 0
        }
    }
}
