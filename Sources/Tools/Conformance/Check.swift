/// The test of a requirement, or the reason why it has none.
package struct Check: Sendable {
    /// Tests the hub. Returns if the requirement is met.
    /// - Throws: `Unmet`, `Skipped`, or any other error, which counts as not met.
    typealias Trial = @Sendable (TestEnvironment) async throws -> Void

    /// The number of the requirement.
    package let number: Int
    let trial: Trial?
    /// The reason why there is no test; nil if there is one.
    package let reason: String?

    /// A requirement with a test.
    init(_ number: Int, _ trial: @escaping Trial) {
        self.number = number
        self.trial = trial
        reason = nil
    }

    /// A requirement that cannot be tested from outside, or that is not one of a hub of this version.
    static func none(_ number: Int, because reason: String) -> Check { Check(number: number, trial: nil, reason: reason) }

    private init(number: Int, trial: Trial?, reason: String?) {
        self.number = number
        self.trial = trial
        self.reason = reason
    }

    /// All checks, by number.
    package static let all: [Check] =
        (TransportChecks.all + EnvelopeChecks.all + VersionChecks.all + HandshakeChecks.all + CredentialsChecks.all + RoutingChecks.all
        + RelayChecks.all + BroadcastChecks.all + OpenRoutingChecks.all + GetAllChecks.all + PaginationChecks.all + MessageIDChecks.all
        + ClientInfoChecks.all + ModuleChecks.all).sorted { $0.number < $1.number }
}

/// Throws ``Unmet`` unless the condition holds.
func require(_ condition: Bool, _ reason: @autoclosure () -> String) throws(Unmet) {
    if !condition { throw Unmet(reason()) }
}

/// Returns the value, or throws ``Unmet`` if it is nil.
func require<Value>(_ value: Value?, _ reason: @autoclosure () -> String) throws(Unmet) -> Value {
    guard let value else { throw Unmet(reason()) }
    return value
}

/// Throws ``Unmet`` with both values unless they are equal.
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
