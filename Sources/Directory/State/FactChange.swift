/// One write to `ocn.state`.
package enum FactChange: Sendable, Equatable {
    /// The fact holds from now on.
    case put(Fact)
    /// Whatever stood under this key no longer holds.
    case delete(key: String)

    var key: String {
        switch self {
        case .put(let fact): fact.key
        case .delete(let key): key
        }
    }

    /// What is written, if it is of that kind.
    package func value<Value>(as kind: Value.Type) -> Value? {
        guard case .put(let fact) = self else { return nil }
        return fact.value(as: kind)
    }
}
