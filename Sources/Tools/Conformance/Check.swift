/// How a requirement is tried on a hub, or why it is not.
package struct Check: Sendable {
    /// Tries the hub. Returns when the requirement is met.
    /// - Throws: `Unmet`, `Skipped`, or whatever went wrong on the way, which counts as not met.
    typealias Trial = @Sendable (TestEnvironment) async throws -> Void

    /// Of the requirement.
    package let number: Int
    let trial: Trial?
    /// Why there is no trial; nil if there is one.
    package let reason: String?

    /// A requirement that is tried.
    init(_ number: Int, _ trial: @escaping Trial) {
        self.number = number
        self.trial = trial
        reason = nil
    }

    /// A requirement that cannot be tried from outside, or that is none of a hub's of this version.
    static func none(_ number: Int, because reason: String) -> Check { Check(number: number, trial: nil, reason: reason) }

    private init(number: Int, trial: Trial?, reason: String?) {
        self.number = number
        self.trial = trial
        self.reason = reason
    }

    /// Every check, by number.
    package static let all: [Check] =
        (TransportChecks.all + EnvelopeChecks.all + VersionChecks.all + HandshakeChecks.all + CredentialsChecks.all + RoutingChecks.all
        + RelayChecks.all + BroadcastChecks.all + OpenRoutingChecks.all + GetAllChecks.all + PaginationChecks.all + MessageIDChecks.all
        + ClientInfoChecks.all + ModuleChecks.all).sorted { $0.number < $1.number }
}

/// Goes on if the condition holds.
func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws(Unmet) {
    if !condition { throw Unmet(reason()) }
}

/// Goes on with the value, if there is one.
func require<Value>(_ value: Value?, _ reason: @autoclosure () -> String) throws(Unmet) -> Value {
    guard let value else { throw Unmet(reason()) }
    return value
}

/// Goes on if both are equal; says what was found and what was wanted otherwise.
func same<Value: Equatable>(_ what: String, _ found: Value, _ wanted: Value) throws(Unmet) {
    if found != wanted { throw Unmet("\(what) is \(shown(found)), not \(shown(wanted))") }
}

private func shown(_ value: some Any) -> String {
    if case let value as any OptionalValue = value { return value.shown }
    return "\(value)"
}

private protocol OptionalValue {
    var shown: String { get }
}

extension Optional: OptionalValue {
    var shown: String { map { "\($0)" } ?? "missing" }
}
