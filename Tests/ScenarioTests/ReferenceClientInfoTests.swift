import Demo
import Directory
import Encoding
import NIOCore
import Notary
import OCPI
import Support
import TestParties
import Testing

@testable import Node

extension Scenarios {
    /// The scenarios of the reference nodes' tests about HubClientInfo, with the still-alive check disabled.
    @Suite(.serialized, .referenceNetwork(), .timeLimit(.minutes(3))) struct ReferenceClientInfoTests {
        private func network() throws -> ReferenceNetwork { try #require(ReferenceNetwork.current) }

        @Test func scenario12_partiesAreToldWhoComesAndGoes() async throws {
            let network = try network()
            let cpo3 = ReferenceParties.cpo(try #require(PartyID("CH-CPC")), at: network.n1)
            try await network.add(cpo3)
            try await cpo3.register()
            try await network.cpo1.isTold(cpo3.id, "CONNECTED")
            try await network.cpo2.isTold(cpo3.id, "CONNECTED")
            try await cpo3.leave()
            try await network.cpo1.isTold(cpo3.id, "SUSPENDED")
            try await network.cpo2.isTold(cpo3.id, "SUSPENDED")
            await cpo3.stop()
        }

        @Test func scenario13_whoFallsSilentStaysConnectedWhileNobodyAsks() async throws {
            let network = try network()
            let msp = network.msp
            for cpo in [network.cpo1, network.cpo2] {
                try await eventually("\(cpo.id) sees \(msp.id) CONNECTED") {
                    try await network.clientInfo(of: msp.id, seenBy: cpo)?["status"]?.string == "CONNECTED"
                }
            }
            await msp.stop()
            // Any earlier push about the eMSP would have arrived before this.
            let guest = ReferenceParties.cpo(try #require(PartyID("CH-CPD")), at: network.n1)
            try await network.add(guest)
            try await guest.register()
            for cpo in [network.cpo1, network.cpo2] {
                try await cpo.isTold(guest.id, "CONNECTED")
                #expect(!cpo.wasTold(msp.id, "OFFLINE"))
                #expect(try await network.clientInfo(of: msp.id, seenBy: cpo)?["status"]?.string == "CONNECTED")
            }
            try await guest.leave()
            await guest.stop()
            try await msp.start()
        }

        @Test func scenario14_onlyWhoTookPartInARequestWasHeardOf() async throws {
            let network = try network()
            func times() async throws -> [String] {
                let infos = try await network.clientInfo(seenBy: network.msp)
                return ["MSP", "CPA", "CPB"].map { id in infos.first { $0["party_id"]?.string == id }?["last_updated"]?.string ?? "" }
            }
            try await eventually("the other node's CPO is known") { try await !times()[2].isEmpty }
            let before = try await times().compactMap(Timestamp.init(rfc3339:))
            #expect(try await network.msp.call(.get, below: "sender/2.2/locations/1", to: network.cpo1.id).code == 1000)
            // The answer may arrive a moment before the node has recorded the party's activity.
            try await eventually("\(network.cpo1.id) was heard of") {
                let after = try await times().compactMap(Timestamp.init(rfc3339:))
                return before.count == 3 && after.count == 3 && after[0] > before[0] && after[1] > before[1]
            }
            #expect(try await times().compactMap(Timestamp.init(rfc3339:)).last == before.last, "CPB had no part in it")
        }

        @Test func scenario15_aPartyThatIsOnlyListedIsPlanned() async throws {
            let network = try network()
            try await network.list("GB-TON")
            try await eventually("GB-TON is PLANNED") {
                let info = try await network.clientInfo(of: try #require(PartyID("GB-TON")), seenBy: network.msp)
                return info?["status"]?.string == "PLANNED" && info?["role"]?.string == "EMSP"
            }
        }

        @Test func scenario16_whomAPartyBlacklistsItDoesNotSee() async throws {
            let network = try network()
            let entry = #"{"country_code":"CH","party_id":"CPA","modules":[]}"#
            try await eventually("both CPOs are known") {
                let ids = try await network.clientInfo(seenBy: network.msp).compactMap { $0["party_id"]?.string }
                return ids.contains("CPA") && ids.contains("CPB")
            }
            #expect(try await network.msp.configure(.post, "/ocpi/receiver/2.2/ocnrules/blacklist", body: entry).code == 1000)
            let ids = try await network.clientInfo(seenBy: network.msp).compactMap { $0["party_id"]?.string }
            #expect(!ids.contains("CPA") && ids.contains("CPB"))
            #expect(try await network.msp.configure(.put, "/ocpi/receiver/2.2/ocnrules/blacklist", body: "[]").code == 1000)
            #expect(try await network.clientInfo(of: network.cpo1.id, seenBy: network.msp) != nil)
        }

        @Test func scenario19_everybodyIsToldWhoIsPlanned() async throws {
            let network = try network()
            try await network.list("GB-SEV")
            for party in network.parties { try await party.isTold(try #require(PartyID("GB-SEV")), "PLANNED") }
        }

        /// The reference's registry keeps the entry of a deleted party, with the zero address as its operator.
        @Test func scenario20_aDeletedPartyIsNobody() async throws {
            let network = try network()
            try await network.list("GB-DEL", operatorAddress: EthereumAddress.zero.hex)
            try await network.list("GB-NXT")
            let deleted = try #require(PartyID("GB-DEL"))
            for party in network.parties {
                try await party.isTold(try #require(PartyID("GB-NXT")), "PLANNED")
                #expect(!party.wasTold(deleted, "PLANNED"))
                #expect(try await network.clientInfo(of: deleted, seenBy: party) == nil)
            }
        }
    }
}

extension Scenarios {
    /// The same with a still-alive check after one second without requests.
    @Suite(.serialized, .referenceNetwork(stillAlive: .seconds(1)), .timeLimit(.minutes(3))) struct ReferenceStillAliveTests {
        private func network() throws -> ReferenceNetwork { try #require(ReferenceNetwork.current) }

        @Test func scenario17_whoDoesNotAnswerIsOfflineForBothNodes() async throws {
            let network = try network()
            await network.msp.stop()
            try await network.cpo1.isTold(network.msp.id, "OFFLINE")
            try await network.cpo2.isTold(network.msp.id, "OFFLINE")
            try await network.msp.start()
            try await network.cpo1.isTold(network.msp.id, "CONNECTED", after: "OFFLINE")
            try await network.cpo2.isTold(network.msp.id, "CONNECTED", after: "OFFLINE")
        }

        @Test func scenario18_aPartyIsToldOnlyOfWhomItWhitelists() async throws {
            let network = try network()
            let (cpo1, cpo2, msp) = (network.cpo1, network.cpo2, network.msp)
            let entry = #"{"country_code":"DE","party_id":"MSP","modules":["locations"]}"#
            #expect(try await cpo1.configure(.post, "/ocpi/receiver/2.2/ocnrules/whitelist", body: entry).code == 1000)
            let start = cpo1.received.entries.count
            await cpo2.stop()
            await msp.stop()
            try await cpo1.isTold(msp.id, "OFFLINE", since: start)
            // A party may send requests although its server is down. The eMSP sees the party, of which the CPO must not be notified.
            try await eventually("\(cpo2.id) is OFFLINE for the first node") {
                try await network.clientInfo(of: cpo2.id, seenBy: msp)?["status"]?.string == "OFFLINE"
            }
            try await msp.start()
            try await cpo1.isTold(msp.id, "CONNECTED", after: "OFFLINE", since: start)
            #expect(!cpo1.wasTold(cpo2.id, "OFFLINE", since: start))
            #expect(try await cpo1.configure(.put, "/ocpi/receiver/2.2/ocnrules/whitelist", body: "[]").code == 1000)
            try await cpo2.start()
        }
    }
}

extension ReferenceNetwork {
    /// Adds a party to the registry that never registers: by default an eMSP of the first node.
    fileprivate func list(_ text: String, operatorAddress: String? = nil) async throws {
        try await publish([
            .put(
                .party(
                    NetworkParty(
                        party: try #require(PartyID(text)), roles: ["EMSP"], partyAddress: SigningKey.generate().address.hex,
                        operatorAddress: operatorAddress ?? n1.operatorAddress, source: "state")))
        ])
    }
}

extension ReferenceParty {
    /// Waits for the push of a status.
    /// - Parameters:
    ///   - earlier: a status of the party that was pushed before it.
    ///   - start: index of the first request that counts.
    fileprivate func isTold(_ party: PartyID, _ status: String, after earlier: String? = nil, since start: Int = 0) async throws {
        let entries = await received.wait(within: .seconds(20)) { entries in
            let told = Self.told(party, entries.dropFirst(start))
            guard let place = told.lastIndex(of: status) else { return false }
            return earlier.map { told[..<place].contains($0) } ?? true
        }
        #expect(entries != nil, "\(id) was not told that \(party) is \(status)")
    }

    fileprivate func wasTold(_ party: PartyID, _ status: String, since start: Int = 0) -> Bool {
        Self.told(party, received.entries.dropFirst(start)).contains(status)
    }

    /// The statuses that were pushed about a party, in order.
    private static func told(_ party: PartyID, _ entries: some Sequence<ServerRequest>) -> [String] {
        entries.filter { $0.method == .put && $0.path == "/ocpi/2.2/hubclientinfo/\(party.country)/\(party.party)" }
            .compactMap { $0.body.jsonString(["status"]) }
    }
}
