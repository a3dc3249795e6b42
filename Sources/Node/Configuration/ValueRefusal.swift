/// The reason why a value is invalid.
package struct ValueRefusal: Error {
    /// What was found instead.
    enum Found: Sendable {
        /// Text from a source; not printed if the setting is secret.
        case value(String)
        /// The kind of value.
        case kind(String)
    }

    /// Number of the list entry, from 1.
    var entry: Int?
    /// The requirement, as text after "must".
    let demand: String
    let found: Found?

    init(_ demand: String, entry: Int? = nil, found: Found? = nil) {
        self.entry = entry
        self.demand = demand
        self.found = found
    }
}
