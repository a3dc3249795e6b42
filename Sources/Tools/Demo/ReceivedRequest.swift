package import Encoding
package import OCPI

/// One request that a party received, with its answer.
package struct ReceivedRequest: Sendable {
    /// The request.
    package let request: ServedRequest
    /// The answer.
    package let answer: ServedAnswer
    /// When its body was complete.
    package let time: Timestamp

    /// Method and path, like `POST /ocpi/2.2.1/cdrs`.
    package var line: String { "\(request.method) \(request.path)" }
    /// The party in the OCPI-from headers; nil for configuration modules.
    package var from: PartyID? { party(OCPIHeader.fromCountry, OCPIHeader.fromParty) }
    /// The party in the OCPI-to headers.
    package var to: PartyID? { party(OCPIHeader.toCountry, OCPIHeader.toParty) }
    /// X-Correlation-ID.
    package var correlationID: String? { request.header(OCPIHeader.correlationID) }

    private func party(_ country: String, _ party: String) -> PartyID? {
        guard let country = request.header(country), let party = request.header(party) else { return nil }
        return PartyID(country: country, party: party)
    }
}
