import Demo
import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import Support
import Testing

@testable import Node

/// The network of the reference nodes' own tests: two nodes that require signatures; CH-CPA and DE-MSP at the first, CH-CPB at the second.
final class ReferenceNetwork: Sendable {
    /// The network of the running suite.
    @TaskLocal static var current: ReferenceNetwork?

    /// The CPO of a scenario.
    enum Side: String, CaseIterable, Sendable {
        /// At the eMSP's node.
        case local
        /// At the other node.
        case remote
    }

    let n1: ReferenceNode
    let n2: ReferenceNode
    let cpo1: ReferenceParty
    let cpo2: ReferenceParty
    let msp: ReferenceParty
    var nodes: [ReferenceNode] { [n1, n2] }
    var parties: [ReferenceParty] { [cpo1, cpo2, msp] }

    private init(stillAlive: Duration?) async throws {
        let ids = try ["CH-CPA", "CH-CPB", "DE-MSP"].map { try #require(PartyID($0)) }
        let adjust: (inout NodeConfiguration) -> Void = {
            $0.signatures = true
            $0.stillAliveInterval = stillAlive
        }
        n1 = try await ReferenceNode(number: 1, services: Array(ids.prefix(2)), adjust: adjust)
        n2 = try await ReferenceNode(number: 2, services: Array(ids.prefix(2)), adjust: adjust)
        cpo1 = ReferenceParties.cpo(ids[0], at: n1)
        cpo2 = ReferenceParties.cpo(ids[1], at: n2)
        msp = ReferenceParties.msp(ids[2], at: n1)
    }

    /// Starts and registers everything.
    static func start(stillAlive: Duration? = nil) async throws -> ReferenceNetwork {
        let network = try await ReferenceNetwork(stillAlive: stillAlive)
        do {
            let listed = network.nodes.map {
                Fact.node(NetworkNode(operatorAddress: $0.operatorAddress, url: $0.url, isVerbatim: true, source: "state"))
            }
            let facts = listed + network.parties.map(listing)
            for node in network.nodes {
                try await node.publish(facts.map(FactChange.put))
                try await node.start()
            }
            for party in network.parties {
                try await party.start()
                try await party.register()
            }
        } catch {
            await network.stop()
            throw error
        }
        return network
    }

    func stop() async {
        for party in parties { await party.stop() }
        for node in nodes { await node.stop() }
    }

    func cpo(_ side: Side) -> ReferenceParty { side == .local ? cpo1 : cpo2 }

    // MARK: Registry

    /// The registry entry of a party.
    static func listing(_ party: ReferenceParty) -> Fact {
        .party(
            NetworkParty(
                party: party.id, roles: [party.role], partyAddress: party.key.address.hex,
                operatorAddress: party.node.operatorAddress, source: "state"))
    }

    /// Changes the registry of both nodes.
    func publish(_ changes: [FactChange]) async throws {
        for node in nodes { try await node.publish(changes) }
    }

    /// Adds a party that is in the registry and listens, but is not registered.
    func add(_ party: ReferenceParty) async throws {
        try await publish([.put(Self.listing(party))])
        try await eventually("\(party.id) is in the registry of its node") {
            try await TestNode.call("GET", "\(party.node.url)/ocn/registry/node/\(party.id.country)/\(party.id.party)").body
                .contains(party.node.operatorAddress)
        }
        try await party.start()
    }

    // MARK: HubClientInfo

    /// The list as returned to a party. Its receiver does not matter.
    func clientInfo(seenBy party: ReferenceParty) async throws -> [JSONValue] {
        let reply = try await party.call(.get, below: "2.2/hubclientinfo", to: try #require(PartyID("DE-OCN")))
        #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
        return try #require(reply.data?.array)
    }

    /// One entry of that list; nil if it is missing.
    func clientInfo(of party: PartyID, seenBy viewer: ReferenceParty) async throws -> JSONValue? {
        try await clientInfo(seenBy: viewer).first {
            $0["country_code"]?.string == party.country && $0["party_id"]?.string == party.party
        }
    }
}

/// A suite with its own network, which runs as long as the suite.
struct ReferenceNetworkTrait: SuiteTrait, TestScoping {
    let stillAlive: Duration?

    func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        let network = try await ReferenceNetwork.start(stillAlive: stillAlive)
        do {
            try await ReferenceNetwork.$current.withValue(network) { try await function() }
        } catch {
            await network.stop()
            throw error
        }
        await network.stop()
    }
}

extension Trait where Self == ReferenceNetworkTrait {
    /// - Parameter stillAlive: a party without requests for this long is checked; nil for never.
    static func referenceNetwork(stillAlive: Duration? = nil) -> Self { ReferenceNetworkTrait(stillAlive: stillAlive) }
}
