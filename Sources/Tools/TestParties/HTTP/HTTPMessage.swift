package import Encoding
package import NIOCore
package import NIOHTTP1
package import OCPI

/// A request or an answer with its whole body, and its OCPI properties.
package protocol HTTPMessage: Sendable {
    /// The headers, unchanged.
    var headers: HTTPHeaders { get }
    /// The whole body.
    var body: ByteBuffer { get }
}

extension HTTPMessage {
    /// The first value of a header, by case-insensitive name.
    package func header(_ name: String) -> String? { headers.first(name: name) }

    /// The body as text.
    package var text: String { String(buffer: body) }
    /// The body as JSON; nil if it is not JSON.
    package var json: JSONValue? { try? JSONValue.parse(body) }

    /// The party in the OCPI-from headers; nil if they are not complete.
    package var from: PartyID? { party(OCPIHeader.fromCountry, OCPIHeader.fromParty) }
    /// The party in the OCPI-to headers; nil if they are not complete.
    package var to: PartyID? { party(OCPIHeader.toCountry, OCPIHeader.toParty) }
    /// X-Request-ID.
    package var requestID: String? { header(OCPIHeader.requestID) }
    /// X-Correlation-ID.
    package var correlationID: String? { header(OCPIHeader.correlationID) }

    private func party(_ country: String, _ party: String) -> PartyID? {
        guard let country = header(country), let party = header(party) else { return nil }
        return PartyID(country: country, party: party)
    }
}
