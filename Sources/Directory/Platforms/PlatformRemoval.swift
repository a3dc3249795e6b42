package import Encoding

/// The removal of a platform, and its time. All other records of the platform are ignored, earlier and later ones: a platform that
/// registers again has another id.
struct PlatformRemoval: Sendable, Equatable {
    let platform: String
    let time: Timestamp
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's removal.
    package static func gone(_ platform: String) -> String { "\(PlatformRemoval.kind)/\(platform)" }
}

extension Fact {
    /// The removal of a platform, and its time.
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
