import Synchronization

/// Handshakes that platforms have begun here. Each looks up names, makes calls and holds answers of the platform's servers, for up to half a
/// minute, so nobody may have many at a time. Thread-safe.
final class HandshakesUnderWay: Sendable {
    /// Of one platform. A second one is what a platform sends that did not get the answer to its first.
    static let perPlatform = 2
    static let inTotal = 32

    private let counts = Mutex<[String: Int]>([:])

    /// Whether the platform may begin another one, which is counted until ``end(_:)``.
    func begin(_ platform: String) -> Bool {
        counts.withLock { counts in
            guard counts[platform, default: 0] < Self.perPlatform, counts.values.reduce(0, +) < Self.inTotal else { return false }
            counts[platform, default: 0] += 1
            return true
        }
    }

    /// Once for each that was begun.
    func end(_ platform: String) {
        counts.withLock { counts in
            let left = counts[platform, default: 0] - 1
            counts[platform] = left > 0 ? left : nil
        }
    }
}
