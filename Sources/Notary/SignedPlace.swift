/// A place of the signed values that a hub changes on the way, and must therefore sign again.
package enum SignedPlace: Hashable, Sendable {
    /// By lower-case name.
    case header(String)
    case parameter(String)
    /// A member of the body's outermost object.
    case bodyMember(String)

    /// Where the receiver of a command or charging profile sends its result.
    package static let responseURL = SignedPlace.bodyMember("response_url")
    /// `OCPI-to-country-code`; changes when a copy is addressed to a service.
    package static let toCountry = SignedPlace.header("ocpi-to-country-code")
    /// `OCPI-to-party-id`; changes with the country.
    package static let toParty = SignedPlace.header("ocpi-to-party-id")
    /// `OCPI-from-country-code`; changes when the hub passes a broadcast on in its own name.
    package static let fromCountry = SignedPlace.header("ocpi-from-country-code")
    /// `OCPI-from-party-id`; changes with the country.
    package static let fromParty = SignedPlace.header("ocpi-from-party-id")
    /// The next page of a list.
    package static let link = SignedPlace.header("link")
    /// Where a CDR can be read.
    package static let location = SignedPlace.header("location")

    var name: String {
        switch self {
        case .header(let name), .parameter(let name), .bodyMember(let name): name
        }
    }

    /// As it stands in `fields` and `rewrittenFields`.
    package var path: String {
        switch self {
        case .header(let name): "$['headers']['\(name)']"
        case .parameter(let name): "$['params']['\(name)']"
        case .bodyMember(let name): "$['body']['\(name)']"
        }
    }
}
