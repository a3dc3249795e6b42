/// The `status_code` of an OCPI answer (OCPI 2.2.1, 5). An open set.
package struct StatusCode: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// Four digits; the first one shows which side is at fault.
    package let rawValue: Int

    /// Any code, custom ones included.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Success.
    package static let success = StatusCode(rawValue: 1000)
    /// The request cannot be carried out.
    package static let clientError = StatusCode(rawValue: 2000)
    /// The request has an invalid or missing parameter.
    package static let invalidParameters = StatusCode(rawValue: 2001)
    /// A token cannot be authorised without more information about the location.
    package static let notEnoughInformation = StatusCode(rawValue: 2002)
    /// The location or object is unknown.
    package static let unknownLocation = StatusCode(rawValue: 2003)
    /// The token is unknown.
    package static let unknownToken = StatusCode(rawValue: 2004)
    /// The answering side failed.
    package static let serverError = StatusCode(rawValue: 3000)
    /// The other side's API cannot be called during registration.
    package static let unableToUseClientAPI = StatusCode(rawValue: 3001)
    /// There is no common version.
    package static let unsupportedVersion = StatusCode(rawValue: 3002)
    /// The required endpoints are not offered.
    package static let noMatchingEndpoints = StatusCode(rawValue: 3003)
    /// The hub failed (not in 2.2).
    package static let hubError = StatusCode(rawValue: 4000)
    /// The addressed party is not on the network.
    package static let unknownReceiver = StatusCode(rawValue: 4001)
    /// The request was forwarded, but no answer came in time.
    package static let timeout = StatusCode(rawValue: 4002)
    /// The addressed party is known but cannot be reached.
    package static let connectionProblem = StatusCode(rawValue: 4003)

    /// 1000 to 1999.
    package var isSuccess: Bool { (1000..<2000).contains(rawValue) }

    package var description: String { String(rawValue) }
}
