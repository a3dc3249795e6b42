import Encoding
package import OCPI

/// An operator's rule: requests to one recipient, to one module and with one method, are stored and forwarded. The hub answers 1000 itself
/// as soon as Kafka has the request, and PUSH delivers it to the recipient like an announcement.
///
/// Only idempotent writes of objects that belong to their sender can be stored: PUT of locations, sessions, tariffs and tokens, DELETE of
/// tariffs. POST and PATCH are not idempotent; GET, commands and charging profiles need the recipient's own answer.
package struct StoreRule: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The recipient of the requests, in upper case. The rule has effect while it is connected to this node.
    package let recipient: PartyID
    /// The module whose receiver interface is called.
    package let module: ModuleID
    /// PUT or DELETE.
    package let method: Method

    /// - Throws: ``StoreRuleError`` with the reason why such requests cannot be stored.
    package init(recipient: PartyID, module: ModuleID, method: Method) throws(StoreRuleError) {
        try StoreRule.check(module, method)
        self.recipient = recipient.canonical
        self.module = module
        self.method = method
    }

    /// By recipient, module, method.
    package static func < (left: StoreRule, right: StoreRule) -> Bool {
        (left.recipient, left.module.rawValue, left.method.rawValue) < (right.recipient, right.module.rawValue, right.method.rawValue)
    }

    /// `DE-CPO tokens PUT`
    package var description: String { "\(recipient) \(module) \(method)" }

    private static func check(_ module: ModuleID, _ method: Method) throws(StoreRuleError) {
        guard module.isFunctional else {
            throw StoreRuleError("\(module) is not passed on by rules; store rules are for \(storable.joined(separator: ", "))")
        }
        switch method {
        case .put, .delete: break
        case .post, .patch:
            throw StoreRuleError("\(method) cannot be stored: sent twice it is not the same as sent once; only PUT and DELETE can")
        case .get, .head: throw StoreRuleError("\(method) cannot be stored: it needs the recipient's answer; only PUT and DELETE can")
        default: throw StoreRuleError("OCPI has no method \(method); only PUT and DELETE can be stored")
        }
        guard !isAnsweredLater(module) else {
            throw StoreRuleError("\(module) cannot be stored: its sender acts on the recipient's answer")
        }
        guard allows(method, module) else {
            throw StoreRuleError(
                "the receiver interface of \(module) has no \(method); what can be stored is \(storable.joined(separator: ", "))")
        }
    }

    /// Whether OCPI has such a push of client-owned objects (OCPI 2.2.1, Client Owned Object Push).
    private static func allows(_ method: Method, _ module: ModuleID) -> Bool {
        ModuleTable.allows(method, ModuleRoute(version: .v2_2_1, module: module, interface: .receiver, remainder: "CC/PID/ID"))
    }

    private static func isAnsweredLater(_ module: ModuleID) -> Bool { module == .commands || module == .chargingprofiles }

    /// `locations PUT` and so on.
    private static var storable: [String] {
        ModuleTable.functional.flatMap { module in
            [Method.put, .delete].filter { allows($0, module) }.map { "\(module) \($0)" }
        }
    }
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a store rule.
    package static func storeRule(_ rule: StoreRule) -> String { "\(StoreRule.kind)/\(rule.recipient)/\(rule.module)/\(rule.method)" }
}

extension Fact {
    /// A store rule.
    package static func storeRule(_ rule: StoreRule) -> Fact { Fact(rule) }
}

extension StoreRule: StateFact {
    static let kind = "store"
    var key: String { FactKey.storeRule(self) }

    var json: JSONValue {
        [
            "recipient": .string(recipient.description), "module": .string(module.rawValue), "method": .string(method.rawValue),
        ]
    }

    /// Nil for a rule that this version would not make.
    init?(json: JSONValue) {
        guard let recipient = json.party("recipient"), let module = json["module"]?.string,
            let method = json["method"]?.string
        else { return nil }
        do {
            try self.init(recipient: recipient, module: ModuleID(rawValue: module), method: Method(rawValue: method))
        } catch {
            return nil
        }
    }
    func add(to state: inout DirectoryState) { state.operations.add(self) }
    func remove(from state: inout DirectoryState) { state.operations.remove(self) }
}
