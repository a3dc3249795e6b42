import Encoding
import HashTreeCollections

/// The active list of a platform's OcnRules, and whether it requires signatures.
struct OCNRulesSettings: Sendable, Equatable {
    let platform: String
    let signatures: Bool
    let active: OCNRules.List?
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's OcnRules without their entries.
    package static func rules(_ platform: String) -> String { "\(OCNRulesSettings.kind)/\(platform)" }
}

extension Fact {
    /// The active list of a platform's OcnRules, and whether it requires signatures.
    package static func rules(platform: String, signatures: Bool, active: OCNRules.List?) -> Fact {
        Fact(OCNRulesSettings(platform: platform, signatures: signatures, active: active))
    }
}

extension OCNRulesSettings: TableFact {
    static let kind = "rules"
    static var table: WritableKeyPath<DirectoryState, TreeDictionary<String, Self>> { \.platforms.rules }
    var indexKey: String { platform }
    var key: String { FactKey.rules(platform) }
    var subject: String? { platform }

    var json: JSONValue {
        .object(["platform": .string(platform), "signatures": .bool(signatures), "active": active.map { .string($0.rawValue) }])
    }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string else { return nil }
        self.init(
            platform: platform, signatures: json["signatures"]?.bool ?? false,
            active: json["active"]?.string.flatMap(OCNRules.List.init(rawValue:)))
    }
}
