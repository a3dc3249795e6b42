package import Encoding
import HashTreeCollections

/// The status of a platform, and since when it holds, or when it was last confirmed.
struct PlatformReachability: Sendable, Equatable {
    let platform: String
    let status: PlatformStatus
    let time: Timestamp
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's status.
    package static func status(_ platform: String) -> String { "\(PlatformReachability.kind)/\(platform)" }
}

extension Fact {
    /// The status of a platform and its time.
    package static func status(platform: String, _ status: PlatformStatus, _ time: Timestamp) -> Fact {
        Fact(PlatformReachability(platform: platform, status: status, time: time))
    }
}

extension PlatformReachability: TableFact {
    static let kind = "status"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<String, Self>> { \.platforms.reachability }
    var indexKey: String { platform }
    var key: String { FactKey.status(platform) }
    var subject: String? { platform }

    var json: JSONValue { ["platform": .string(platform), "status": .string(status.rawValue), "time": .string(time.description)] }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string, let status = json["status"]?.string.flatMap(PlatformStatus.init(rawValue:)),
            let time = json.time("time")
        else { return nil }
        self.init(platform: platform, status: status, time: time)
    }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        time > latest ? PlatformReachability(platform: platform, status: status, time: latest) : nil
    }
}
