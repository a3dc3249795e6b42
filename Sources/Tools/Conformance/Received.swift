import Encoding
import NIOCore
import NIOHTTP1
import OCPI

/// One request that a party received.
struct Received: Sendable {
    let method: OCPI.Method
    /// Path and query as received.
    let target: String
    let headers: HTTPHeaders
    let body: ByteBuffer
    /// Whether it has the token that this party gave to the hub.
    let isAuthorized: Bool
    /// The interface that it is for; nil for versions, details, credentials and unknown paths.
    let interface: Interface?
    /// The path below the interface's URL, without its first slash and without the query.
    let rest: String

    /// The path without the query.
    var path: String { String(target.prefix { $0 != "?" }) }
    /// The query without `?`; nil for none.
    var query: String? { target.firstIndex(of: "?").map { String(target[target.index(after: $0)...]) } }
    /// The party in the OCPI-from headers; nil if they are incomplete.
    var from: PartyID? { PartyID(headers, OCPIHeader.fromCountry, OCPIHeader.fromParty) }
    /// The party in the OCPI-to headers.
    var to: PartyID? { PartyID(headers, OCPIHeader.toCountry, OCPIHeader.toParty) }
    var correlationID: String? { header(OCPIHeader.correlationID) }
    var requestID: String? { header(OCPIHeader.requestID) }
    /// The body as JSON; nil if it is none.
    var json: JSONValue? { try? JSONValue.parse(body) }
    var text: String { String(buffer: body) }

    /// The first value of a header, by case-insensitive name.
    func header(_ name: String) -> String? { headers.first(name: name) }

    /// The decoded value of a query parameter; nil if it is absent.
    func parameter(_ name: String) -> String? { query.flatMap { Query.value(of: name, in: $0) } }
}

extension PartyID {
    init?(_ headers: HTTPHeaders, _ country: String, _ party: String) {
        guard let country = headers.first(name: country), let party = headers.first(name: party) else { return nil }
        self.init(country: country, party: party)
    }
}
