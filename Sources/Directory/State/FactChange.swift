/// One write to `ocn.state`.
package enum FactChange: Sendable, Equatable {
    /// Sets the fact.
    case put(Fact)
    /// Deletes the fact under this key.
    case delete(key: String)

    var key: String {
        switch self {
        case .put(let fact): fact.key
        case .delete(let key): key
        }
    }

    /// The written fact, if it is of that kind.
    package func value<Value>(as kind: Value.Type) -> Value? {
        guard case .put(let fact) = self else { return nil }
        return fact.value(as: kind)
    }
}
