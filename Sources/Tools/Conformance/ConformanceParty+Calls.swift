import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import TestParties

// A party's requests to the hub.
extension ConformanceParty {
    /// Calls a module of another party through the hub, at the URL that the hub advertises for it.
    /// - Parameters:
    ///   - path: below the interface's URL, without a first slash, already percent-encoded.
    ///   - query: without `?`.
    ///   - to: nil for no OCPI-to headers.
    ///   - from: nil for its first party.
    ///   - body: JSON; alternatively `text` is sent byte for byte.
    ///   - omitting: names of headers to leave out.
    ///   - headers: replace those of the same name.
    func send(
        _ method: OCPI.Method, _ module: ModuleID, _ interface: InterfaceRole, _ path: String = "", query: String? = nil, to: PartyID?,
        from: PartyID? = nil, body: JSONValue? = nil, text: String? = nil, token: Token? = nil, omitting: [String] = [],
        headers: [(String, String)] = []
    ) async throws -> CallAnswer {
        try await call(
            method, URLJoin.join(try endpoint(module, interface), path, query: query), to: to, from: from, body: body, text: text,
            token: token, omitting: omitting, headers: headers)
    }

    /// Calls a URL that the hub handed out: a next page, a CDR's `Location`, a `response_url`.
    func call(
        _ method: OCPI.Method, _ url: String, to: PartyID?, from: PartyID? = nil, body: JSONValue? = nil, text: String? = nil,
        token: Token? = nil, omitting: [String] = [], headers: [(String, String)] = []
    ) async throws -> CallAnswer {
        try await exchange(
            method, url, party.route(from: from, to: to), body: body, text: text, token: token, omitting: omitting, headers: headers)
    }

    /// Calls a configuration module, without routing headers.
    /// - Parameter token: for example token A; nil for token C.
    func configure(
        _ method: OCPI.Method, _ url: String, body: JSONValue? = nil, text: String? = nil, token: Token? = nil, omitting: [String] = [],
        headers: [(String, String)] = []
    ) async throws -> CallAnswer {
        try await exchange(method, url, [], body: body, text: text, token: token, omitting: omitting, headers: headers)
    }

    /// The hub's URL of an interface.
    /// - Throws: `Unmet` if the hub does not advertise it.
    func endpoint(_ module: ModuleID, _ interface: InterfaceRole) throws(Unmet) -> String {
        try require(try? party.endpoint(Interface(module, interface)), "the hub does not advertise \(module) \(interface.rawValue)")
    }

    /// The hub's credentials endpoint of the version that the party registered with.
    func credentialsURL() throws(Unmet) -> String {
        try require(try? party.credentialsURL(), "the hub does not advertise a credentials endpoint")
    }

    private func exchange(
        _ method: OCPI.Method, _ url: String, _ route: [(String, String)], body: JSONValue?, text: String?, token: Token?,
        omitting: [String], headers: [(String, String)]
    ) async throws -> CallAnswer {
        var all = HTTPHeaders()
        if let token = token ?? tokenC { all.add(name: OCPIHeader.authorization, value: token.authorization(encoding: .base64)) }
        all.add(name: OCPIHeader.requestID, value: UUIDText.v4())
        all.add(name: OCPIHeader.correlationID, value: UUIDText.v4())
        for (name, value) in route { all.add(name: name, value: value) }
        let bytes = body?.encoded() ?? text.map { ByteBuffer(string: $0) }
        if bytes != nil { all.add(name: "Content-Type", value: "application/json") }
        for name in omitting { all.remove(name: name) }
        for (name, value) in headers {
            all.remove(name: name)
            all.add(name: name, value: value)
        }
        return try await HubUnderTest.caller.call(CallRequest(method, url, headers: all, body: bytes), within: hub.maximumWait)
    }
}
