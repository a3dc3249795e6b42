package import Encoding

/// A platform was removed, and when. Whatever else is written about it, before or after, counts no more: a platform that comes back has another
/// id.
struct PlatformRemoval: Sendable, Equatable {
    let platform: String
    let time: Timestamp
}

// MARK: - In ocn.state

extension FactKey {
    /// That a platform was removed.
    package static func gone(_ platform: String) -> String { "\(PlatformRemoval.kind)/\(platform)" }
}

extension Fact {
    /// A platform was removed, and when.
    package static func gone(platform: String, _ time: Timestamp) -> Fact { Fact(PlatformRemoval(platform: platform, time: time)) }
}

extension PlatformRemoval: StateFact {
    static let kind = "gone"
    var key: String { FactKey.gone(platform) }

    var json: JSONValue { ["platform": .string(platform), "time": .string(time.description)] }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string, let time = json.time("time") else { return nil }
        self.init(platform: platform, time: time)
    }

    func add(to state: inout DirectoryState) { state.platforms.add(self) }
    func remove(from state: inout DirectoryState) { state.platforms.remove(self) }

    func bounded(by latest: Timestamp, written: Timestamp) -> Self? {
        time > latest ? PlatformRemoval(platform: platform, time: latest) : nil
    }
}
