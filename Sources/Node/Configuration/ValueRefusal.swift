/// Why a value is not taken.
package struct ValueRefusal: Error {
    /// What stands there instead.
    enum Found: Sendable {
        /// Text that somebody wrote; not to be shown if the setting is secret.
        case value(String)
        /// What kind of thing it is.
        case kind(String)
    }

    /// Number of the entry of a list, from 1.
    var entry: Int?
    /// What must be, to stand behind "must".
    let demand: String
    let found: Found?

    init(_ demand: String, entry: Int? = nil, found: Found? = nil) {
        self.entry = entry
        self.demand = demand
        self.found = found
    }
}
