import Encoding
import Synchronization

/// Handshakes that platforms have begun here. Each looks up names, makes calls and holds answers of the platform's servers, for up to half a
/// minute, so nobody may have many at a time. Thread-safe.
final class HandshakesUnderWay: Sendable {
    /// Of one platform. A second one is what a platform sends that did not get the answer to its first.
    static let perPlatform = 2
    static let inTotal = 32

    private let room = Mutex(SharedQuota(places: inTotal, placesPerClient: perPlatform, bytes: 0))

    /// Whether the platform may begin another one, which is counted until ``end(_:)``.
    func begin(_ platform: String) -> Bool { room.withLock { $0.enter(platform) } }

    /// Once for each that was begun.
    func end(_ platform: String) { room.withLock { $0.leave(platform, bytes: 0) } }
}
