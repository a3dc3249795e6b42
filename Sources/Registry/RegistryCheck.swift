import Directory
import Encoding
import OCPI

/// Checks registry entries, from a file and from commands alike.
package enum RegistryCheck {
    /// All faults of the entries.
    /// - Parameters:
    ///   - entries: the entries to check.
    ///   - known: further entries to which they may refer.
    package static func problems(in entries: RegistryEntries, beside known: KnownEntries) -> [RegistryProblem] {
        var known = known
        known.add(entries)
        return check(.nodes, entries.nodes, key: "operator", Fact.node, problems)
            + check(.parties, entries.parties, key: "party", Fact.party) { problems(of: $0, known) }
            + check(.services, entries.services, key: "provider", Fact.service) { problems(of: $0, known) }
            + check(.agreements, entries.agreements, key: "provider", Fact.agreement) { problems(of: $0, known) }
    }

    /// - Parameter key: the field that identifies an entry.
    private static func check<Entry>(
        _ section: RegistrySection, _ entries: [Entry], key: String, _ fact: (Entry) -> Fact, _ problems: (Entry) -> [Defect]
    ) -> [RegistryProblem] {
        var first: [String: Int] = [:]
        return entries.enumerated().flatMap { index, entry in
            var found = problems(entry).map { RegistryProblem(EntryPlace(section, index, $0.field), $0.reason) }
            let fact = fact(entry)
            if let earlier = first[fact.key] {
                let place = EntryPlace(section, index, key)
                let reason = "\(ForeignText.shortened(fact.registryName)) is listed twice"
                found.append(RegistryProblem(place, reason, earlier: EntryPlace(section, earlier)))
            } else {
                first[fact.key] = index
            }
            return found
        }
    }

    private typealias Defect = (field: String, reason: String)

    private static func problems(of node: NetworkNode) -> [Defect] {
        var found: [Defect] = []
        if let reason = addressProblem(node.operatorAddress) { found.append(("operator", reason)) }
        if let fault = URLJoin.faultOfBase(node.url) { found.append(("url", urlProblem(node.url, fault))) }
        if !dialects.contains(node.dialect) {
            let shown = ForeignText.shortened(node.dialect)
            found.append(("dialect", "there is no dialect '\(shown)'; nodes speak \(dialects.joined(separator: ", "))"))
        }
        return found
    }

    private static func problems(of party: NetworkParty, _ known: KnownEntries) -> [Defect] {
        var found: [Defect] = []
        if party.roles.isEmpty { found.append(("roles", "\(party.party) needs at least one role: \(roleList)")) }
        for role in party.roles where PartyRole(rawValue: role) == nil {
            let meant = SimilarNames.question(SimilarNames.names(to: role, among: PartyRole.names))
            found.append(("roles", "OCPI has no role '\(ForeignText.shortened(role))'; roles are \(roleList)\(meant)"))
        }
        for role in repeated(party.roles) { found.append(("roles", "role \(ForeignText.shortened(role)) is listed twice")) }
        if let address = party.partyAddress, let reason = addressProblem(address) { found.append(("address", reason)) }
        if let reason = addressProblem(party.operatorAddress) {
            found.append(("operator", reason))
        } else if !known.hasNode(of: party.operatorAddress) {
            found.append(("operator", "no node of operator \(party.operatorAddress) is listed; a party needs its node"))
        }
        return found
    }

    private static func problems(of service: NetworkService, _ known: KnownEntries) -> [Defect] {
        var found: [Defect] = []
        if !known.hasParty(service.provider) {
            found.append(("provider", "\(service.provider) is not listed as a party; a service needs the party that offers it"))
        }
        if !ForeignText.isPrintable(service.name) {
            found.append(("name", "'\(ForeignText.shortened(service.name))' must not hold control characters"))
        }
        if let url = service.url, let fault = URLJoin.fault(of: url) { found.append(("url", urlProblem(url, fault))) }
        if service.permissions.isEmpty {
            found.append(("permissions", "a service must ask for at least one permission, a number from \(permissionRange)"))
        }
        for number in service.permissions where Permission(rawValue: number) == nil {
            found.append(("permissions", "there is no permission \(number); they go from \(permissionRange)"))
        }
        for number in repeated(service.permissions) { found.append(("permissions", "permission \(number) is listed twice")) }
        return found
    }

    private static func problems(of agreement: Agreement, _ known: KnownEntries) -> [Defect] {
        var found: [Defect] = []
        if !known.hasParty(agreement.user) {
            found.append(("user", "\(agreement.user) is not listed as a party; only parties can agree to a service"))
        }
        if !known.hasService(of: agreement.provider) {
            found.append(("provider", "\(agreement.provider) offers no service; there is nothing to agree to"))
        }
        return found
    }

    /// The supported dialects between nodes.
    private static let dialects = ["ocn-1"]
    private static let roleList = PartyRole.names.joined(separator: ", ")
    private static let permissionRange = "0 to \(Permission.allCases.count - 1)"

    private static func addressProblem(_ text: String) -> String? {
        text.isAddress ? nil : "'\(ForeignText.shortened(text))' is no address: 0x and 40 hex digits"
    }

    private static func urlProblem(_ url: String, _ fault: String) -> String {
        if URLJoin.mayHoldPassword(url) { return "the URL must \(fault)" }
        let shown = "'\(ForeignText.shortened(url))'"
        return URLJoin.origin(of: url) == nil ? "\(shown) is no http or https URL" : "\(shown) must \(fault)"
    }

    private static func repeated<Value: Hashable>(_ values: [Value]) -> [Value] {
        var seen: Set<Value> = []
        return values.filter { !seen.insert($0).inserted }
    }
}

extension String {
    /// Whether this is an Ethereum address: 0x and 40 hex digits.
    var isAddress: Bool {
        hasPrefix("0x") && utf8.count == 42 && utf8.dropFirst(2).allSatisfy { Character(UnicodeScalar($0)).isHexDigit }
    }
}
