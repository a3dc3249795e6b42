import Encoding
package import OCPI

/// One entry of one list of a platform's OcnRules.
struct OCNRulesEntry: Sendable, Equatable {
    /// The platform and kind of a list.
    struct ListName: Hashable, Sendable {
        let platform: String
        let list: OCNRules.List
    }

    let platform: String
    let list: OCNRules.List
    let entry: OCNRules.Entry

    var listName: ListName { ListName(platform: platform, list: list) }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of one entry of a platform's OcnRules.
    package static func rule(_ platform: String, _ list: OCNRules.List, _ party: PartyID) -> String {
        "\(OCNRulesEntry.kind)/\(platform)/\(list.rawValue)/\(party.canonical)"
    }
}

extension Fact {
    /// One entry of one list of a platform's OcnRules.
    package static func rule(platform: String, _ list: OCNRules.List, _ entry: OCNRules.Entry) -> Fact {
        Fact(OCNRulesEntry(platform: platform, list: list, entry: entry))
    }
}

extension OCNRulesEntry: StateFact {
    static let kind = "rule"
    var key: String { FactKey.rule(platform, list, entry.party) }
    var subject: String? { platform }

    var json: JSONValue {
        [
            "platform": .string(platform), "list": .string(list.rawValue), "party": .string(entry.party.description),
            "modules": .array(entry.modules.map { .string($0.rawValue) }),
        ]
    }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string, let list = json["list"]?.string.flatMap(OCNRules.List.init(rawValue:)),
            let party = json.party("party")
        else { return nil }
        let modules = json.strings("modules").map(ModuleID.init(rawValue:))
        self.init(platform: platform, list: list, entry: OCNRules.Entry(party: party, modules: modules))
    }

    func add(to state: inout DirectoryState) { state.platforms.add(self) }
    func remove(from state: inout DirectoryState) { state.platforms.remove(self) }
}
