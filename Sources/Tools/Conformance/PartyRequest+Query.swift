import TestParties

extension PartyRequest {
    /// Value of a query parameter, percent-decoded; nil if it is absent.
    func parameter(_ name: String) -> String? { query.flatMap { Query.value(of: name, in: $0) } }
}
