import Encoding
import Synchronization

/// Room for the bodies of answers that are coming in, shared by the hosts they come from: one that answers much and slowly, or many calls at
/// once, takes a quarter at most. Any thread may call.
final class AnswerRoom: Sendable {
    private let room: Mutex<SharedRoom>

    /// - Parameter bytes: in all.
    init(bytes: Int) {
        room = Mutex(SharedRoom(places: .max, placesPerClient: .max, bytes: bytes))
    }

    /// Bytes that are taken.
    var used: Int { room.withLock { $0.used.bytes } }

    /// The bytes of one answer, given back when it is not needed any more.
    struct Charge: Sendable {
        /// What small answers have for nothing: there are no more of them than calls, and most never come here.
        static let free = 16 * 1024

        let host: String
        private(set) var bytes = 0

        init(host: String) { self.host = host }

        /// The body has grown to so many bytes.
        /// - Returns: whether there is room for them, at all and for this host.
        mutating func grow(to count: Int, in answers: AnswerRoom) -> Bool {
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

        /// Gives back what was taken.
        mutating func end(in answers: AnswerRoom) {
            guard bytes > 0 else { return }
            answers.room.withLock { [bytes, host] in $0.leave(host, bytes: bytes) }
            bytes = 0
        }
    }
}
