/// Names of HTTP headers in the spelling of OCPI and the OCN. HTTP compares them without case.
package enum OCPIHeader {
    /// The token of the calling platform.
    package static let authorization = "Authorization"
    /// The id of a single request.
    package static let requestID = "X-Request-ID"
    /// The id of an exchange from end to end.
    package static let correlationID = "X-Correlation-ID"
    /// Country code of the party that sends this message.
    package static let fromCountry = "OCPI-from-country-code"
    /// Party id of the party that sends this message.
    package static let fromParty = "OCPI-from-party-id"
    /// Country code of the receiving party.
    package static let toCountry = "OCPI-to-country-code"
    /// Party id of the receiving party.
    package static let toParty = "OCPI-to-party-id"
    /// The signature of a party or, between nodes, of a node.
    package static let signature = "OCN-Signature"
    /// Between nodes: the OCPI version for errors of the nodes themselves. Not signed, because it changes nothing else.
    package static let callerVersion = "OCN-Caller-Version"
    /// Between nodes: see ``NotDone``.
    package static let notDone = "OCN-Not-Done"
    /// The id by which a service recognises a repeated copy.
    package static let copyID = "OCN-Copy-ID"
    /// The URL of the next page.
    package static let link = "Link"
    /// The URL at which a posted CDR can be read.
    package static let location = "Location"
    /// The number of objects in the whole list.
    package static let totalCount = "X-Total-Count"
    /// The most objects on one page.
    package static let limit = "X-Limit"
    /// The delay after which a busy recipient may be called again.
    package static let retryAfter = "Retry-After"
    /// The encoding of a body; absent for an unencoded one.
    package static let contentEncoding = "Content-Encoding"
    /// The accepted encodings of a body.
    package static let acceptEncoding = "Accept-Encoding"
    /// The accepted content types of a body.
    package static let accept = "Accept"
    /// The accepted content types of a POST body.
    package static let acceptPost = "Accept-Post"
    /// The accepted content types of a PATCH body.
    package static let acceptPatch = "Accept-Patch"
    /// The defined methods.
    package static let allow = "Allow"
}
