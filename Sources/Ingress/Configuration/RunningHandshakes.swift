import Encoding
import Synchronization

/// Limits the handshakes that a platform has running at once. Each resolves names, makes calls and holds answers of the platform's servers
/// for up to half a minute. Thread-safe.
final class RunningHandshakes: Sendable {
    /// Maximum number per platform. The second one allows for a platform that repeats its request because it did not get an answer.
    static let perPlatform = 2
    static let inTotal = 32

    private let room = Mutex(SharedQuota(places: inTotal, placesPerClient: perPlatform, bytes: 0))

    /// Whether the platform may start another handshake, which counts until ``end(_:)``.
    func begin(_ platform: String) -> Bool { room.withLock { $0.enter(platform) } }

    /// Ends a handshake. Call it once for each that was started.
    func end(_ platform: String) { room.withLock { $0.leave(platform, bytes: 0) } }
}
