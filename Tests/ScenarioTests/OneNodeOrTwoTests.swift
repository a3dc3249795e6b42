import Directory
import Encoding
import NIOCore
import OCPI
import Testing

@testable import Node

extension Scenarios {
    /// An error does not reveal whether the recipient is connected to the caller's node or to another one.
    @Suite(.timeLimit(.minutes(5))) struct OneNodeOrTwoTests {
        @Test func everyFaultIsToldTheSameThroughOneNodeAndThroughTwoInBothVersions() async throws {
            let network = try await FaultyNetwork.start()
            do {
                for fault in Fault.allCases {
                    for version in OCPIVersion.allCases {
                        let near = try await network.ask(fault, of: .near, in: version)
                        let far = try await network.ask(fault, of: .far, in: version)
                        #expect(near == far, "\(fault), \(version.rawValue)")
                        let expected = fault.expected
                        #expect(
                            near.code == (version == .v2_2 && expected == 4000 ? 3000 : expected), "\(fault), \(version.rawValue): \(near)")
                        if let others = fault.expectedOthers { #expect(near.others == others, "\(fault), \(version.rawValue)") }
                        #expect(near.status == fault.expectedStatus(version), "\(fault), \(version.rawValue)")
                        #expect(near.from == Fault.number(fault) && near.to == "MSP", "\(fault), \(version.rawValue)")
                    }
                }
            } catch {
                await network.stop()
                throw error
            }
            await network.stop()
        }
    }
}

/// The possible faults of a recipient or a request.
private enum Fault: Int, CaseIterable {
    case unknown, notConnected, offline, planned, suspended, noToken, noModule, rules, unsigned
    case notListening, hangs, hangsUp, noHTTP, status999, status600, tooLarge, link, location, responseURL, longPath
    case redirect, seeOther, token401, token407, statusTwice
    /// The fault is in the request.
    case memberTwice, coded, method
    /// No fault: the recipient answers with an error.
    case saysSo, saysLater, saysMethods, saysCodings

    var expected: Int {
        switch self {
        case .unknown: 4001
        case .notConnected, .offline, .planned, .suspended, .noToken, .notListening, .token401, .token407: 4003
        case .noModule, .unsigned, .responseURL, .longPath, .memberTwice: 2001
        case .rules, .coded, .method, .saysLater, .saysMethods, .saysCodings: 2000
        case .hangs: 4002
        case .hangsUp, .noHTTP, .status999, .status600, .tooLarge, .link, .location, .redirect, .seeOther, .statusTwice: 4000
        case .saysSo: 2003
        }
    }

    /// In 2.2 the expected status is that of the reference nodes.
    func expectedStatus(_ version: OCPIVersion) -> Int {
        switch self {
        case .saysSo: 409
        case .saysLater: 503
        case .coded, .saysCodings: 415
        case .method, .saysMethods: 405
        default: version == .v2_2 && 2000..<3000 ~= expected ? 400 : 200
        }
    }

    /// The headers that the status needs.
    var expectedOthers: [String: String]? {
        switch self {
        case .saysLater: ["retry-after": "120"]
        case .saysMethods: ["allow": "PUT"]
        case .saysCodings: ["accept-encoding": "identity", "accept-post": "text/csv"]
        default: nil
        }
    }

    /// The party id of the recipient with this fault.
    static func number(_ fault: Fault) -> String { (fault.rawValue < 10 ? "F0" : "F") + "\(fault.rawValue)" }

    var status: PlatformStatus {
        switch self {
        case .offline: .offline
        case .planned: .planned
        case .suspended: .suspended
        default: .connected
        }
    }

    /// The bytes that the recipient's server writes.
    var answer: String? {
        guard self != .hangs else { return nil }
        let body = #"{"status_code":1000,"data":[]}"#
        return switch self {
        case .hangsUp: ""
        case .noHTTP: "this is no HTTP at all\r\n\r\n"
        case .status999: Self.http("999 Odd", body)
        case .status600: Self.http("600 Odd", body)
        case .tooLarge: "HTTP/1.1 200 OK\r\nContent-Length: 99000000\r\n\r\n"
        case .link: Self.http("200 OK", body, "Link: <http://internal.local/locations?offset=1>; rel=\"next\"\r\n")
        case .location: Self.http("201 Created", body, "Location: https://internal.local/cdrs/1\r\n")
        case .redirect: Self.http("307 Temporary Redirect", "", "Location: https://internal.local/locations\r\n")
        case .seeOther: Self.http("303 See Other", body, "Location: https://internal.local/locations\r\n")
        case .token401: Self.http("401 Unauthorized", #"{"status_code":2001}"#, "WWW-Authenticate: Token\r\n")
        case .token407: Self.http("407 Proxy Authentication Required", "", "Proxy-Authenticate: Basic\r\n")
        case .statusTwice: Self.http("200 OK", #"{"status_code":1000,"data":[],"status_code":2001}"#)
        case .saysSo: Self.http("409 Conflict", #"{"status_code":2003,"status_message":"mine"}"#)
        case .saysLater: Self.http("503 Service Unavailable", #"{"status_code":2000}"#, "Retry-After: 120\r\n")
        case .saysMethods: Self.http("405 Method Not Allowed", #"{"status_code":2000}"#, "Allow: PUT\r\n")
        case .saysCodings:
            Self.http("415 Unsupported Media Type", #"{"status_code":2000}"#, "Accept-Encoding: identity\r\nAccept-Post: text/csv\r\n")
        default: Self.http("200 OK", body)
        }
    }

    private static func http(_ status: String, _ body: String, _ headers: String = "") -> String {
        "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\nConnection: close\r\n\(headers)\r\n\(body)"
    }

    /// The request to the recipient: a list, a CDR, a command, or a location with a long id.
    func request(_ version: OCPIVersion) -> (method: String, path: String, body: String?) {
        switch self {
        case .location: ("POST", "/ocpi/receiver/\(version.rawValue)/cdrs", #"{"id":"\#(version.rawValue)"}"#)
        case .responseURL:
            (
                "POST", "/ocpi/receiver/\(version.rawValue)/commands/UNLOCK_CONNECTOR",
                #"{"response_url":"https://elsewhere.example/1","location_id":"1"}"#
            )
        case .memberTwice:
            (
                "POST", "/ocpi/receiver/\(version.rawValue)/commands/UNLOCK_CONNECTOR",
                #"{"response_url":"https://elsewhere.example/1","response_url":"https://elsewhere.example/2","location_id":"1"}"#
            )
        case .coded: ("POST", "/ocpi/receiver/\(version.rawValue)/cdrs", "coded")
        case .method: ("DELETE", "/ocpi/sender/\(version.rawValue)/locations", nil)
        case .longPath: ("GET", "/ocpi/sender/\(version.rawValue)/locations/" + String(repeating: "l", count: 8200), nil)
        default: ("GET", "/ocpi/sender/\(version.rawValue)/locations", nil)
        }
    }
}

/// Two nodes. DE-MSP is connected to the first; each has one recipient per fault.
private final class FaultyNetwork: Sendable {
    enum Place: String, CaseIterable {
        case near = "DE"
        case far = "NL"
    }

    struct Told: Equatable {
        let status: Int
        let code: Int?
        /// The message without the recipient's country.
        let message: String?
        let from: String?
        let to: String?
        /// The headers that a status needs, and those that must not be passed on.
        let others: [String: String]
    }

    private static let others = [
        "retry-after", "allow", "accept-encoding", "accept-post", "www-authenticate", "proxy-authenticate", "location", "link",
        "content-encoding",
    ]

    private let n1: ReferenceNode
    private let n2: ReferenceNode
    private let server: FaultyServer
    private let token = Token.generate()

    private init() async throws {
        let adjust: (inout NodeConfiguration) -> Void = {
            $0.requestTimeout = .seconds(3)
            $0.stillAliveInterval = nil
        }
        n1 = try await ReferenceNode(number: 1, adjust: adjust)
        n2 = try await ReferenceNode(number: 2, adjust: adjust)
        server = try await FaultyServer { path in
            guard let number = path.split(separator: "/").first.flatMap({ Int($0) }), let fault = Fault(rawValue: number) else {
                return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
            }
            return fault.answer
        }
    }

    static func start() async throws -> FaultyNetwork {
        let network = try await FaultyNetwork()
        do {
            let facts = try network.facts()
            for (place, node) in [(Place.near, network.n1), (.far, network.n2)] {
                try await node.publish((facts.network + (facts.ofPlace[place] ?? [])).map(FactChange.put))
                try await node.start()
            }
        } catch {
            await network.stop()
            throw error
        }
        return network
    }

    func stop() async {
        for node in [n1, n2] { await node.stop() }
        await server.stop()
    }

    /// Sends the request of a fault to its recipient at a node.
    func ask(_ fault: Fault, of place: Place, in version: OCPIVersion) async throws -> Told {
        let recipient = try Self.party(fault, at: place)
        let (method, path, body) = fault.request(version)
        var headers = [
            (OCPIHeader.authorization, token.authorization(encoding: .base64)), (OCPIHeader.requestID, UUIDText.v4()),
            (OCPIHeader.correlationID, UUIDText.v4()), (OCPIHeader.fromCountry, "DE"), (OCPIHeader.fromParty, "MSP"),
            (OCPIHeader.toCountry, recipient.country), (OCPIHeader.toParty, recipient.party),
        ]
        if fault == .coded { headers.append((OCPIHeader.contentEncoding, "gzip")) }
        let answer = try await TestNode.call(method, n1.url + path, headers: headers, body: body)
        let json = try? JSONValue.parse(answer.body)
        let message = json?["status_message"]?.string
        return Told(
            status: answer.status, code: json?["status_code"]?.int,
            message: message.map { $0.split(separator: "\(place.rawValue)-F", omittingEmptySubsequences: false).joined(separator: "F") },
            from: answer.headers["ocpi-from-party-id"], to: answer.headers["ocpi-to-party-id"],
            others: answer.headers.filter { Self.others.contains($0.key) })
    }

    private static func party(_ fault: Fault, at place: Place) throws -> PartyID {
        try #require(PartyID("\(place.rawValue)-\(Fault.number(fault))"))
    }

    private func facts() throws -> (network: [Fact], ofPlace: [Place: [Fact]]) {
        let msp = try #require(PartyID("DE-MSP"))
        var network: [Fact] = [n1, n2].map { .node(NetworkNode(operatorAddress: $0.operatorAddress, url: $0.url, source: "state")) }
        network.append(
            .party(NetworkParty(party: msp, roles: ["EMSP"], operatorAddress: n1.operatorAddress, source: "state")))
        var ofPlace: [Place: [Fact]] = [
            .near: platform(
                msp, "EMSP", [Endpoint(module: .commands, interface: .sender, url: server.url + "/commands")], tokens: [token],
                at: n1)
        ]
        for (place, node) in [(Place.near, n1), (.far, n2)] {
            for fault in Fault.allCases where fault != .unknown {
                let party = try Self.party(fault, at: place)
                network.append(.party(NetworkParty(party: party, roles: ["CPO"], operatorAddress: node.operatorAddress, source: "state")))
                guard fault != .notConnected else { continue }
                ofPlace[place, default: []] += recipient(party, fault, at: node)
            }
        }
        return (network, ofPlace)
    }

    private func recipient(_ party: PartyID, _ fault: Fault, at node: ReferenceNode) -> [Fact] {
        // No process listens on the port of the discard protocol.
        let base = fault == .notListening ? "http://127.0.0.1:9" : "\(server.url)/\(fault.rawValue)"
        let modules: [(ModuleID, InterfaceRole)] =
            fault == .noModule ? [(.tariffs, .sender)] : [(.locations, .sender), (.cdrs, .receiver), (.commands, .receiver)]
        var facts = platform(
            party, "CPO", modules.map { Endpoint(module: $0.0, interface: $0.1, url: "\(base)/\($0.0)") }, status: fault.status,
            hasToken: fault != .noToken, at: node)
        if fault == .rules || fault == .unsigned {
            facts.append(.rules(platform: party.description, signatures: fault == .unsigned, active: fault == .rules ? .whitelist : nil))
        }
        return facts
    }

    private func platform(
        _ party: PartyID, _ role: String, _ endpoints: [Endpoint], status: PlatformStatus = .connected, hasToken: Bool = true,
        tokens: [Token] = [.generate()], at node: ReferenceNode
    ) -> [Fact] {
        let id = party.description
        return [
            .status(platform: id, status, .now),
            .platform(
                Platform(
                    id: id, tokenCHashes: tokens.map(TokenHash.of),
                    outboundToken: hasToken ? node.configuration.secrets.seal(.generate()) : nil, versionsURL: server.url + "/versions",
                    version: .v2_2_1, roles: [PlatformRole(role: role, party: party)])),
            .claim(PartyClaim(party: party, platform: id, since: .now)), .endpoints(platform: id, endpoints),
        ]
    }
}
