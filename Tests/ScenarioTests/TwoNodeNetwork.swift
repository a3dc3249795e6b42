import AsyncHTTPClient
import Demo
import Directory
import Encoding
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing

@testable import Node

/// Two nodes of this project. DE-MSP is connected to the first; each has the same recipients and services.
///
/// `RCV` accepts everything; `RUL` has OcnRules that block all senders; `LAT` has no module for CDRs. `SRV` and `NEW` are services of
/// DE-MSP; `NEW` has the rules of `RUL` and the modules of `LAT`. `SRV` is also a service of the first `RCV`.
final class TwoNodeNetwork: Sendable {
    @TaskLocal static var current: TwoNodeNetwork?

    enum Place: String, CaseIterable {
        case near = "DE"
        case far = "NL"

        func party(_ name: String) throws -> PartyID { try #require(PartyID("\(rawValue)-\(name)")) }
    }

    struct Told: Sendable {
        let status: Int
        let code: Int?
        let text: String
        /// The names of the headers.
        let headers: [String]
    }

    let sender: PartyID
    let replies = Replies()
    private let n1: ReferenceNode
    private let n2: ReferenceNode
    private let server = PartyServer()
    private let tokens: [PartyID: Token]

    var url: String { server.url }

    private init() async throws {
        sender = try #require(PartyID("DE-MSP"))
        tokens = [sender: .generate(), try Place.near.party("RCV"): .generate()]
        let services = try Place.allCases.flatMap { [try $0.party("SRV"), try $0.party("NEW")] }
        n1 = try await ReferenceNode(number: 1, services: services) { $0.stillAliveInterval = nil }
        n2 = try await ReferenceNode(number: 2, services: services) { $0.stillAliveInterval = nil }
    }

    static func start() async throws -> TwoNodeNetwork {
        let nodes = try await TwoNodeNetwork()
        do {
            try await nodes.server.start { [replies = nodes.replies] in replies.answer($0) }
            let network = try nodes.network()
            for (place, node) in [(Place.near, nodes.n1), (.far, nodes.n2)] {
                try await node.publish((network + (try nodes.platforms(place, at: node))).map(FactChange.put))
                try await node.start()
            }
        } catch {
            await nodes.stop()
            throw error
        }
        return nodes
    }

    func stop() async {
        for node in [n1, n2] { await node.stop() }
        await server.finish()
    }

    // MARK: Events

    /// Changes the state of a node.
    func publish(_ facts: [Fact], at place: Place) async throws {
        try await (place == .near ? n1 : n2).publish(facts.map(FactChange.put))
    }

    /// Sends a CDR of DE-MSP.
    func post(_ id: String, to recipient: PartyID, _ cdr: String = #"{"id":"1"}"#) async throws -> Told {
        try await call("POST", "/ocpi/receiver/2.2.1/cdrs", id: id, to: recipient, body: ByteBuffer(string: cdr))
    }

    /// Sends a request of DE-MSP, or of another party of the first node.
    func call(
        _ method: String, _ path: String = "", url: String? = nil, id: String = UUIDText.v4(), from: PartyID? = nil, to: PartyID,
        type: String = "application/json", coding: String? = nil, body: ByteBuffer
    ) async throws -> Told {
        let from = from ?? sender
        var request = HTTPClientRequest(url: url ?? n1.url + path)
        request.method = .RAW(value: method)
        request.headers = HTTPHeaders([
            (OCPIHeader.authorization, try #require(tokens[from]).authorization(encoding: .base64)), (OCPIHeader.requestID, id),
            (OCPIHeader.correlationID, id), (OCPIHeader.fromCountry, from.country), (OCPIHeader.fromParty, from.party),
            (OCPIHeader.toCountry, to.country), (OCPIHeader.toParty, to.party), ("Content-Type", type),
        ])
        if let coding { request.headers.add(name: "Content-Encoding", value: coding) }
        request.body = .bytes(body)
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(20))
        let answer = try await response.body.collect(upTo: 1024 * 1024)
        return Told(
            status: Int(response.status.code), code: answer.jsonInteger(["status_code"]), text: String(buffer: answer),
            headers: response.headers.map(\.name))
    }

    // MARK: Facts

    static func withoutRules(_ nodes: TwoNodeNetwork, _ party: PartyID) -> [Fact] {
        [.rules(platform: party.description, signatures: false, active: nil)]
    }

    static func withCDRs(_ nodes: TwoNodeNetwork, _ party: PartyID) -> [Fact] {
        [.endpoints(platform: party.description, nodes.endpoints(party, [(.cdrs, .receiver)]))]
    }

    private func network() throws -> [Fact] {
        var facts: [Fact] = [n1, n2].map {
            .node(NetworkNode(operatorAddress: $0.operatorAddress, url: $0.url, isVerbatim: true, source: "state"))
        }
        facts.append(.party(NetworkParty(party: sender, roles: ["EMSP"], operatorAddress: n1.operatorAddress, source: "state")))
        for (place, node) in [(Place.near, n1), (.far, n2)] {
            for name in ["RCV", "RUL", "LAT", "SRV", "NEW"] {
                let (party, role) = (try place.party(name), ["SRV", "NEW"].contains(name) ? "OTHER" : "CPO")
                facts.append(.party(NetworkParty(party: party, roles: [role], operatorAddress: node.operatorAddress, source: "state")))
            }
            for name in ["SRV", "NEW"] {
                let service = try place.party(name)
                facts.append(.service(NetworkService(provider: service, name: name, permissions: [0], source: "state")))
                facts.append(.agreement(Agreement(user: sender, provider: service, source: "state")))
            }
            facts.append(
                .agreement(Agreement(user: try Place.near.party("RCV"), provider: try place.party("SRV"), source: "state")))
        }
        return facts
    }

    private func platforms(_ place: Place, at node: ReferenceNode) throws -> [Fact] {
        let parking = ModuleID(rawValue: "parking")
        let (rules, late) = (try place.party("RUL"), try place.party("NEW"))
        var facts = platform(
            try place.party("RCV"), "CPO", [(.cdrs, .receiver), (.commands, .receiver), (.commands, .sender), (parking, .receiver)],
            at: node)
        facts += platform(rules, "CPO", [(.cdrs, .receiver)], at: node)
        facts += platform(try place.party("LAT"), "CPO", [(.tariffs, .sender)], at: node)
        facts += platform(try place.party("SRV"), "OTHER", [(.cdrs, .receiver), (.commands, .sender)], at: node)
        facts += platform(late, "OTHER", [(.tariffs, .sender)], at: node)
        for party in [rules, late] { facts.append(.rules(platform: party.description, signatures: false, active: .whitelist)) }
        if place == .near { facts += platform(sender, "EMSP", [(.commands, .sender)], at: node) }
        return facts
    }

    private func platform(_ party: PartyID, _ role: String, _ modules: [(ModuleID, InterfaceRole)], at node: ReferenceNode) -> [Fact] {
        let id = party.description
        return [
            .status(platform: id, .connected, .now),
            .platform(
                Platform(
                    id: id, tokenCHashes: [TokenHash.of(tokens[party] ?? .generate())],
                    outboundToken: node.configuration.secrets.seal(.generate()), versionsURL: url + "/versions", version: .v2_2_1,
                    roles: [PlatformRole(role: role, party: party)])),
            .claim(PartyClaim(party: party, platform: id, since: .now)), .endpoints(platform: id, endpoints(party, modules)),
        ]
    }

    private func endpoints(_ party: PartyID, _ modules: [(ModuleID, InterfaceRole)]) -> [Endpoint] {
        modules.map { Endpoint(module: $0.0, interface: $0.1, url: "\(url)/\(party)/\($0.0)") }
    }

    // MARK: The parties

    /// All parties' servers in one. Answers are numbered, so that a cached one is recognised.
    final class Replies: Sendable {
        private let journal = Inbox<ServerRequest>()
        private let failing = Mutex<(parties: Set<PartyID>, text: String)>(([], ""))
        private let answers = Mutex(0)

        /// Makes each party answer 500 to the next request that contains the text.
        func fail(once parties: [PartyID], _ text: String) { failing.withLock { $0 = (Set(parties), text) } }

        func answer(_ request: ServerRequest) -> ServerAnswer {
            journal.append(request)
            let number = answers.withLock { number in
                number += 1
                return number
            }
            let party = request.path.split(separator: "/").first.flatMap { PartyID(String($0)) }
            let isFailing = failing.withLock { failing in
                guard let party, String(buffer: request.body).contains(failing.text) else { return false }
                return failing.parties.remove(party) != nil
            }
            let body = ByteBuffer(string: #"{"status_code":1000,"timestamp":"2026-01-01T00:00:00Z","data":\#(number)}"#)
            return ServerAnswer(isFailing ? 500 : 200, body: body)
        }

        /// The requests to a module of a party.
        func seen(by party: PartyID, _ module: String) -> [ServerRequest] { Self.seen(by: party, module, in: journal.entries) }

        /// The same, once enough requests with the text have arrived.
        func seen(by party: PartyID, _ module: String, body text: String, atLeast count: Int) async throws -> [ServerRequest] {
            @Sendable func fitting(_ entries: [ServerRequest]) -> [ServerRequest] {
                Self.seen(by: party, module, in: entries).filter { String(buffer: $0.body).contains(text) }
            }
            let entries = await journal.wait(within: .seconds(60)) { fitting($0).count >= count }
            return fitting(try #require(entries, "\(count) of \(text) came to \(party)"))
        }

        private static func seen(by party: PartyID, _ module: String, in entries: [ServerRequest]) -> [ServerRequest] {
            entries.filter { $0.path == "/\(party)/\(module)" || $0.path.hasPrefix("/\(party)/\(module)/") }
        }
    }
}

/// A suite with a ``TwoNodeNetwork``, which runs as long as the suite.
struct TwoNodeNetworkTrait: SuiteTrait, TestScoping {
    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let nodes = try await TwoNodeNetwork.start()
        do {
            try await TwoNodeNetwork.$current.withValue(nodes) { try await function() }
        } catch {
            await nodes.stop()
            throw error
        }
        await nodes.stop()
    }
}
