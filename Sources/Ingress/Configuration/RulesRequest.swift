import Directory
import Encoding
import NIOCore
import OCPI

/// A request of the OcnRules module. A pure value.
enum RulesRequest: Sendable, Equatable {
    case read
    case toggleSignatures
    /// Blocks all senders.
    case blockAll
    case add(OCNRules.List, OCNRules.Entry)
    /// Replaces a list. An empty list makes it inactive.
    case replace(OCNRules.List, [OCNRules.Entry])
    case remove(OCNRules.List, PartyID)

    /// The rules after the request. `rules.entries` and the result's entries are ordered by party.
    /// - Throws: 2000 if the other list is active or this one is not, 2001 if an entry exists already or exceeds the limit.
    func applied(to rules: OCNRules) throws(OCPIError) -> OCNRules {
        var rules = rules
        switch self {
        case .read: break
        case .toggleSignatures: rules.signatures.toggle()
        case .blockAll:
            try RulesRequest.check(.whitelist, mayBeActiveIn: rules)
            rules.active = .whitelist
            rules.entries = []
        case .add(let list, let entry):
            try RulesRequest.check(list, mayBeActiveIn: rules)
            guard !rules.entries.contains(where: { $0.party == entry.party }) else {
                throw OCPIError(code: .invalidParameters, message: "\(entry.party) is on the \(list.rawValue) already")
            }
            rules.active = list
            rules.entries.append(entry)
        case .replace(let list, let entries):
            // Emptying the inactive list does not affect the active one.
            if entries.isEmpty, rules.active != list { return rules }
            try RulesRequest.check(list, mayBeActiveIn: rules)
            rules.active = entries.isEmpty ? nil : list
            rules.entries = entries
        case .remove(let list, let party):
            guard rules.active == list else {
                throw OCPIError(code: .clientError, message: "The \(list.rawValue) is not active")
            }
            // The party is not listed. Without this check "block all", a list without entries, would end here.
            guard rules.entries.contains(where: { $0.party == party }) else { return rules }
            rules.entries.removeAll { $0.party == party }
            if rules.entries.isEmpty { rules.active = nil }
        }
        rules.entries.sort { $0.party < $1.party }
        guard rules.entries.count <= OCNRules.maximumEntries else {
            throw OCPIError(code: .invalidParameters, message: "A list has at most \(OCNRules.maximumEntries) entries")
        }
        return rules
    }

    private static func check(_ list: OCNRules.List, mayBeActiveIn rules: OCNRules) throws(OCPIError) {
        guard let active = rules.active, active != list else { return }
        throw OCPIError(code: .clientError, message: "The \(active.rawValue) is active; only one list can be: PUT [] to it first")
    }
}

// MARK: - Reading

extension RulesRequest {
    /// - Parameter rest: the path below the endpoint.
    /// - Throws: 404 and 405 for unknown resources and methods; 2001 for an invalid body or path; 2000 where the reference node answers
    ///   that.
    init(_ method: Method, rest: String, body: ByteBuffer?) throws(OCPIError) {
        guard let resource = RulesResource(rest: rest) else {
            throw OCPIError(code: .clientError, message: "There is no such resource", kind: .notFound)
        }
        switch (resource, method) {
        case (.rules, .get): self = .read
        case (.signatures, .put): self = .toggleSignatures
        case (.blockAll, .put): self = .blockAll
        case (.list(let list), .post): self = .add(list, try OCNRules.Entry(json: RulesRequest.json(body)))
        case (.list(let list), .put): self = .replace(list, try RulesRequest.entries(RulesRequest.json(body)))
        case (.entry(let list, let country, let party), .delete):
            guard let party = PartyID(segments: country, party) else {
                throw OCPIError(code: .invalidParameters, message: "\(country)/\(party) is not a country code and a party id")
            }
            self = .remove(list, party.canonical)
        default: throw .notAvailable(method, but: resource.methods)
        }
    }

    private static func json(_ body: ByteBuffer?) throws(OCPIError) -> JSONValue {
        guard let body, body.readableBytes > 0 else {
            throw OCPIError(code: .invalidParameters, message: "The body is missing", kind: .unparsable)
        }
        do {
            return try JSONValue.parse(body)
        } catch {
            throw OCPIError(code: .invalidParameters, message: "The body is \(error)", kind: .unparsable)
        }
    }

    /// A whole list: each party once, each with at least one module.
    private static func entries(_ json: JSONValue) throws(OCPIError) -> [OCNRules.Entry] {
        guard let list = json.array else {
            throw OCPIError(code: .invalidParameters, message: "The body must be a list of entries")
        }
        var entries: [OCNRules.Entry] = []
        var parties: Set<PartyID> = []
        for element in list {
            let entry = try OCNRules.Entry(json: element)
            guard !entry.modules.isEmpty else {
                throw OCPIError(code: .clientError, message: "modules of \(entry.party) is empty")
            }
            guard parties.insert(entry.party).inserted else {
                throw OCPIError(code: .invalidParameters, message: "\(entry.party) is in the list twice")
            }
            entries.append(entry)
        }
        return entries
    }
}

/// A resource below the endpoint.
private enum RulesResource {
    case rules
    case signatures
    case blockAll
    case list(OCNRules.List)
    case entry(OCNRules.List, country: Substring, party: Substring)

    var methods: [Method] {
        switch self {
        case .rules: [.get]
        case .signatures, .blockAll: [.put]
        case .list: [.post, .put]
        case .entry: [.delete]
        }
    }

    init?(rest: String) {
        let segments = rest.split(separator: "/", omittingEmptySubsequences: false)
        let list = segments.first.flatMap { OCNRules.List(rawValue: String($0)) }
        switch (rest, list, segments.count) {
        case ("", _, _): self = .rules
        case ("signatures", _, _): self = .signatures
        case ("block-all", _, _): self = .blockAll
        case (_, let list?, 1): self = .list(list)
        case (_, let list?, 3): self = .entry(list, country: segments[1], party: segments[2])
        default: return nil
        }
    }
}

extension OCNRules.Entry {
    /// Parses an entry. Names of parties and modules are case-insensitive; a repeated module counts once.
    fileprivate init(json: JSONValue) throws(OCPIError) {
        guard json.members != nil else { throw Self.refusal("an entry is not an object") }
        if let name = json.repeated(among: ["country_code", "party_id", "modules"]) {
            throw Self.refusal("\(name) stands twice in an entry")
        }
        guard let country = json["country_code"]?.string else { throw Self.refusal("country_code is missing or not a string") }
        guard let id = json["party_id"]?.string else { throw Self.refusal("party_id is missing or not a string") }
        guard let party = PartyID(country: country, party: id)?.canonical else {
            throw Self.refusal("country_code must have 2 and party_id 3 letters or digits")
        }
        guard let names = json["modules"]?.array else { throw Self.refusal("modules of \(party) is missing or not a list") }
        guard names.count <= Self.maximumModules else {
            throw Self.refusal("modules of \(party) has more than \(Self.maximumModules) names")
        }
        var modules: [ModuleID] = []
        for name in names {
            guard let name = name.string else { throw Self.refusal("modules of \(party) contains something that is not a string") }
            guard !name.isEmpty else {
                throw OCPIError(code: .clientError, message: "modules of \(party) contains an empty name")
            }
            let module = ModuleID(rawValue: name)
            guard module.isStandard || ModuleID.custom(name) != nil else {
                throw Self.refusal("modules of \(party) contains a name that no module can have")
            }
            if !modules.contains(module) { modules.append(module) }
        }
        self.init(party: party, modules: modules)
    }

    private static func refusal(_ message: String) -> OCPIError { OCPIError(code: .invalidParameters, message: message) }
}
