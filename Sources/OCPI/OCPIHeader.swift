/// Names of HTTP headers, as OCPI and the OCN spell them. HTTP compares them without case.
package enum OCPIHeader {
    /// The token of the calling platform.
    package static let authorization = "Authorization"
    /// One hop's request.
    package static let requestID = "X-Request-ID"
    /// One exchange from end to end.
    package static let correlationID = "X-Correlation-ID"
    /// Country code of the party that sends this message.
    package static let fromCountry = "OCPI-from-country-code"
    /// Party id of the party that sends this message.
    package static let fromParty = "OCPI-from-party-id"
    /// Country code of the party this message is for.
    package static let toCountry = "OCPI-to-country-code"
    /// Party id of the party this message is for.
    package static let toParty = "OCPI-to-party-id"
    /// The signature of a party or, between nodes, of a node.
    package static let signature = "OCN-Signature"
    /// Between nodes: the OCPI version in which the caller hears what the nodes themselves say. Not signed, for it changes nothing else.
    package static let callerVersion = "OCN-Caller-Version"
    /// Between nodes: see ``NotDone``.
    package static let notDone = "OCN-Not-Done"
    /// By which a service recognises a copy that it has had before.
    package static let copyID = "OCN-Copy-ID"
    /// The next page.
    package static let link = "Link"
    /// Where a CDR that was posted can be read.
    package static let location = "Location"
    /// Objects in the whole list.
    package static let totalCount = "X-Total-Count"
    /// Objects on one page at most.
    package static let limit = "X-Limit"
    /// When a busy recipient may be asked again.
    package static let retryAfter = "Retry-After"
    /// How a body is coded; absent for one that is as it is.
    package static let contentEncoding = "Content-Encoding"
    /// How a body may be coded.
    package static let acceptEncoding = "Accept-Encoding"
    /// What a body may be.
    package static let accept = "Accept"
    /// What the body of a POST may be.
    package static let acceptPost = "Accept-Post"
    /// What the body of a PATCH may be.
    package static let acceptPatch = "Accept-Patch"
    /// The methods that there are.
    package static let allow = "Allow"
}
