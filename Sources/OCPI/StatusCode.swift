/// The `status_code` of an OCPI answer (OCPI 2.2.1, 5). An open set.
package struct StatusCode: Hashable, Sendable, RawRepresentable, CustomStringConvertible {
    /// Four digits; the first tells who is at fault.
    package let rawValue: Int

    /// Any code, custom ones included.
    package init(rawValue: Int) { self.rawValue = rawValue }

    /// Done.
    package static let success = StatusCode(rawValue: 1000)
    /// The request cannot be carried out.
    package static let clientError = StatusCode(rawValue: 2000)
    /// Something in the request is wrong or missing.
    package static let invalidParameters = StatusCode(rawValue: 2001)
    /// A token cannot be authorised without more about the location.
    package static let notEnoughInformation = StatusCode(rawValue: 2002)
    /// No such location or object.
    package static let unknownLocation = StatusCode(rawValue: 2003)
    /// No such token.
    package static let unknownToken = StatusCode(rawValue: 2004)
    /// The answering side failed.
    package static let serverError = StatusCode(rawValue: 3000)
    /// The other side's API cannot be called during registration.
    package static let unableToUseClientAPI = StatusCode(rawValue: 3001)
    /// No common version.
    package static let unsupportedVersion = StatusCode(rawValue: 3002)
    /// The endpoints needed are not offered.
    package static let noMatchingEndpoints = StatusCode(rawValue: 3003)
    /// The hub failed (not in 2.2).
    package static let hubError = StatusCode(rawValue: 4000)
    /// The party addressed is not on the network.
    package static let unknownReceiver = StatusCode(rawValue: 4001)
    /// The request was forwarded, but no answer came in time.
    package static let timeout = StatusCode(rawValue: 4002)
    /// The party addressed is known but cannot be reached.
    package static let connectionProblem = StatusCode(rawValue: 4003)

    /// 1000 to 1999.
    package var isSuccess: Bool { (1000..<2000).contains(rawValue) }

    /// The number.
    package var description: String { String(rawValue) }
}
