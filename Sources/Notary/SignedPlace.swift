/// A signed value that a hub changes on the way, so that it must sign again.
package enum SignedPlace: Hashable, Sendable {
    /// A header, by lower-case name.
    case header(String)
    case parameter(String)
    /// A member of the body's outermost object.
    case bodyMember(String)

    /// The URL to which the receiver of a command or charging profile sends its result.
    package static let responseURL = SignedPlace.bodyMember("response_url")
    /// `OCPI-to-country-code`; changes when a copy is addressed to a service.
    package static let toCountry = SignedPlace.header("ocpi-to-country-code")
    /// `OCPI-to-party-id`; changes with the country.
    package static let toParty = SignedPlace.header("ocpi-to-party-id")
    /// `OCPI-from-country-code`; changes when the hub forwards a broadcast in its own name.
    package static let fromCountry = SignedPlace.header("ocpi-from-country-code")
    /// `OCPI-from-party-id`; changes with the country.
    package static let fromParty = SignedPlace.header("ocpi-from-party-id")
    /// The URL of the next page of a list.
    package static let link = SignedPlace.header("link")
    /// The URL at which a CDR can be read.
    package static let location = SignedPlace.header("location")

    var name: String {
        switch self {
        case .header(let name), .parameter(let name), .bodyMember(let name): name
        }
    }

    /// The path in `fields` and `rewrittenFields`.
    package var path: String {
        switch self {
        case .header(let name): "$['headers']['\(name)']"
        case .parameter(let name): "$['params']['\(name)']"
        case .bodyMember(let name): "$['body']['\(name)']"
        }
    }
}
