import Encoding
import HashTreeCollections

/// Further origins of a platform's URLs besides its endpoints, as `URLJoin.origin(of:)` writes them.
struct PlatformOrigins: Sendable, Equatable {
    let platform: String
    let origins: [String]
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's further origins.
    package static func origins(_ platform: String) -> String { "\(PlatformOrigins.kind)/\(platform)" }
}

extension Fact {
    /// Further origins of a platform's URLs besides its endpoints, as `URLJoin.origin(of:)` writes them.
    package static func origins(platform: String, _ origins: [String]) -> Fact {
        Fact(PlatformOrigins(platform: platform, origins: origins))
    }
}

extension PlatformOrigins: TableFact {
    static let kind = "origins"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<String, Self>> { \.platforms.origins }
    var indexKey: String { platform }
    var key: String { FactKey.origins(platform) }
    var subject: String? { platform }

    var json: JSONValue { ["platform": .string(platform), "origins": .array(origins.map(JSONValue.string))] }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string else { return nil }
        self.init(platform: platform, origins: json.strings("origins"))
    }
}
