import Demo
import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties

/// The CPO and the eMSP of the reference nodes' own tests.
enum ReferenceParties {
    /// Number of locations of a CPO, and of locations per page.
    static let locationCount = 50
    static let pageLength = 5

    static func cpo(_ id: PartyID, at node: ReferenceNode) -> ReferenceParty {
        let modules: [(String, InterfaceRole)] = [
            ("locations", .sender), ("hubclientinfo", .receiver), ("commands", .receiver), ("lite-locations", .sender),
        ]
        return ReferenceParty(id, "CPO", at: node, modules: modules) { party, request in
            let segments = request.path.split(separator: "/").map(String.init)
            guard segments.count >= 3 else { return nil }
            switch (request.method.rawValue, segments[2], segments.count) {
            case ("GET", "locations", 3): return page(of: party, request)
            case ("GET", "locations", 4): return ReferenceAnswer(data: location(segments[3], of: id))
            case ("POST", "commands", 4): return await accept(party, request)
            case ("GET", "lite-locations", 3): return ReferenceAnswer(data: liteLocations)
            case ("POST", "lite-locations", 3):
                return ReferenceAnswer(data: request.body.readableBytes > 0 ? .string(String(buffer: request.body)) : nil)
            case ("PUT", "hubclientinfo", 5): return ReferenceAnswer()
            default: return nil
            }
        }
    }

    static func msp(_ id: PartyID, at node: ReferenceNode, encoding: TokenEncoding = .base64) -> ReferenceParty {
        let modules: [(String, InterfaceRole)] = [
            ("cdrs", .receiver), ("hubclientinfo", .receiver), ("commands", .sender), ("enriched-locations", .receiver),
        ]
        let store = ObjectStore()
        return ReferenceParty(id, "EMSP", at: node, encoding: encoding, modules: modules) { party, request in
            let segments = request.path.split(separator: "/").map(String.init)
            guard segments.count >= 3 else { return nil }
            switch (request.method.rawValue, segments[2], segments.count) {
            case ("POST", "cdrs", 3):
                guard let cdr = try? JSONValue.parse(request.body), let name = cdr["id"]?.string else { return nil }
                store[name] = cdr
                return ReferenceAnswer(headers: [(OCPIHeader.location, "\(party.url("cdrs"))/\(name)")])
            case ("GET", "cdrs", 4): return store[segments[3]].map { ReferenceAnswer(data: $0) }
            case ("POST", "commands", _), ("PUT", "hubclientinfo", 5): return ReferenceAnswer()
            default: return nil
            }
        }
    }

    // MARK: Objects

    static func location(_ id: String, of owner: PartyID) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id), "publish": true,
            "address": "Bahnhofstrasse 1", "city": "Zürich", "country": "CHE",
            "coordinates": ["latitude": "47.377220", "longitude": "8.539905"], "time_zone": "Europe/Zurich",
            "last_updated": "2020-10-30T11:17:14.000Z",
        ]
    }

    static func cdr(_ id: String, of owner: PartyID, for driver: PartyID) -> JSONValue {
        [
            "country_code": .string(owner.country), "party_id": .string(owner.party), "id": .string(id), "session_id": "S1",
            "cdr_token": ["country_code": .string(driver.country), "party_id": .string(driver.party), "uid": "T1", "type": "APP_USER"],
            "currency": "CHF", "total_energy": .number("50"), "total_time": .number("0.6"), "last_updated": "2020-10-30T11:17:14.000Z",
        ]
    }

    static let liteLocations: JSONValue = [
        ["id": "1", "coords": ["lat": "1.23", "long": "4.56"], "evses": ["a", "b"], "isFree": true],
        ["id": "2", "coords": ["lat": "7.89", "long": "0.12"], "evses": [], "isFree": false],
    ]

    private static func page(of party: ReferenceParty, _ request: ServerRequest) -> ReferenceAnswer {
        let query = ReferenceSignature.params(of: "?" + (request.query ?? ""))
        func number(_ name: String) -> Int? { query.first { $0.name == name }?.value.string.flatMap { Int($0) } }
        let offset = max(0, number("offset") ?? 0)
        let end = min(locationCount, offset + min(max(1, number("limit") ?? pageLength), pageLength))
        var headers = [(name: OCPIHeader.limit, value: "\(pageLength)"), (name: OCPIHeader.totalCount, value: "\(locationCount)")]
        if end < locationCount { headers.append((OCPIHeader.link, "<\(party.url("locations"))?offset=\(end)>; rel=\"next\"")) }
        return ReferenceAnswer(data: .array((offset..<max(offset, end)).map { location("\($0 + 1)", of: party.id) }), headers: headers)
    }

    /// The result is sent before the command is answered, as by the reference's CPO.
    private static func accept(_ party: ReferenceParty, _ request: ServerRequest) async -> ReferenceAnswer {
        guard let url = request.body.jsonString(["response_url"]), let requester = request.from,
            let result = try? await party.call(.post, url, to: requester, body: JSONValue.object(["result": "ACCEPTED"]).encoded()),
            result.code == 1000
        else { return ReferenceAnswer(data: ["result": "REJECTED", "timeout": 10]) }
        return ReferenceAnswer(data: ["result": "ACCEPTED", "timeout": 10])
    }
}

/// Objects by id.
private final class ObjectStore: Sendable {
    private let objects = Mutex<[String: JSONValue]>([:])

    subscript(_ id: String) -> JSONValue? {
        get { objects.withLock { $0[id] } }
        set { objects.withLock { $0[id] = newValue } }
    }
}
