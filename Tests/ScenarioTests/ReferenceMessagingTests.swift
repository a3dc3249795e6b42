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
    /// The scenarios of the reference nodes' tests about messages between parties: over real HTTP, with signatures, each with a CPO at the
    /// eMSP's own node and with one at another node.
    @Suite(.serialized, .referenceNetwork(), .timeLimit(.minutes(3))) struct ReferenceMessagingTests {
        private func network() throws -> ReferenceNetwork { try #require(ReferenceNetwork.current) }

        /// The reference answers `/health` on its public port. Here probes are on the private port.
        @Test func scenario01_healthIsOK() async throws {
            for node in try network().nodes {
                let answer = try await TestNode.call("GET", node.adminURL + "/health")
                #expect(answer.status == 200 && answer.body == "OK")
            }
        }

        @Test func scenario02_everyNodeKnowsWhereAPartyIsAlsoInLowerCase() async throws {
            let network = try network()
            for node in network.nodes {
                let answer = try await TestNode.call("GET", node.url + "/ocn/registry/node/de/msp")
                let json = try JSONValue.parse(answer.body)
                #expect(answer.status == 200)
                #expect(json["url"]?.string == network.n1.url)
                #expect(json["address"]?.string?.lowercased() == network.n1.operatorAddress)
            }
        }

        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario03_aLocationArrivesWithTheCPOsSignature(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let cpo = network.cpo(side)
            let reply = try await network.msp.call(.get, below: "sender/2.2/locations/1", to: cpo.id)
            #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
            #expect(reply.data == ReferenceParties.location("1", of: cpo.id))
            let (signature, proof) = try reply.verified()
            #expect(signature.signatory == cpo.key.address && signature.rewrites.isEmpty)
            #expect(proof.coversEverything)
        }

        /// The reference's links end in digits and work once. Here they end in a sealed token, which cannot be guessed, and work
        /// repeatedly.
        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario04_aListIsReadPageByPageThroughTheNode(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let cpo = network.cpo(side)
            let reply = try await network.msp.call(.get, below: "sender/2.2/locations?limit=4", to: cpo.id)
            #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
            #expect(reply.header("x-limit") == "5" && reply.header("x-total-count") == "50")
            #expect(reply.data?.array?.count == 4)
            let link = try #require(reply.header("link"))
            let prefix = "<\(network.n1.url)/ocpi/sender/2.2/locations/page/"
            try #require(link.hasPrefix(prefix) && link.hasSuffix(">; rel=\"next\""), "\(link)")
            let token = link.dropFirst(prefix.count).prefix { $0 != ">" }
            #expect(token.count >= 22 && !token.contains("/"))

            let (signature, proof) = try reply.verified()
            #expect(signature.signatory.hex == network.n1.operatorAddress)
            #expect(signature.rewrites.count == 1 && signature.rewrites.first?.signatory == cpo.key.address)
            #expect(proof.coversEverything)

            let url = String(link.dropFirst().prefix { $0 != ">" })
            for _ in 0..<2 {
                let next = try await network.msp.call(.get, url, to: cpo.id)
                #expect(next.code == 1000, "\(next.message)")
                #expect(next.data?.array?.count == ReferenceParties.pageLength)
                #expect(next.data?.array?.first == ReferenceParties.location("5", of: cpo.id))
            }
        }

        /// The reference's `Location` ends in a digit. Here it ends in a sealed token.
        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario05_aCDRIsReadBackAtItsLocation(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let cpo = network.cpo(side)
            let cdr = ReferenceParties.cdr("CDR-\(side.rawValue)", of: cpo.id, for: network.msp.id)
            let reply = try await cpo.call(.post, below: "receiver/2.2/cdrs", to: network.msp.id, body: cdr.encoded())
            #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
            let location = try #require(reply.header("location"))
            let prefix = "\(cpo.node.url)/ocpi/receiver/2.2/cdrs/"
            #expect(location.hasPrefix(prefix) && location.count >= prefix.count + 22, "\(location)")
            let (signature, _) = try reply.verified()
            #expect(signature.signatory.hex == cpo.node.operatorAddress)
            #expect(signature.rewrites.count == 1 && signature.rewrites.first?.signatory == network.msp.key.address)

            let again = try await cpo.call(.get, location, to: network.msp.id)
            #expect(again.status == 200 && again.code == 1000, "\(again.message)")
            #expect(again.data == cdr)
        }

        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario06_aCommandIsAnsweredAndItsResultComesToTheOwnURL(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let cpo = network.cpo(side)
            let path = "/ocpi/2.2/commands/START_SESSION/\(UUIDText.v4())"
            let command: JSONValue = [
                "response_url": .string(network.msp.url + path), "token": ["uid": "T1", "type": "APP_USER"], "location_id": "1",
            ]
            let reply = try await network.msp.call(.post, below: "receiver/2.2/commands/START_SESSION", to: cpo.id, body: command.encoded())
            #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
            #expect(reply.data == ["result": "ACCEPTED", "timeout": 10])
            #expect(try reply.verified().signature.signatory == cpo.key.address)

            // The CPO sent the result before it answered the command.
            let entries = await network.msp.received.wait(within: .seconds(10)) { $0.contains { $0.path == path } }
            let result = try #require(entries?.first { $0.path == path })
            #expect(try JSONValue.parse(result.body) == ["result": "ACCEPTED"])
            #expect(result.from == cpo.id)
            #expect(try result.verified().signature.signatory == cpo.key.address)

            // The CPO's request was changed on the way, and its signature contains the change.
            let arrived = try #require(cpo.received.entries.last { $0.path == "/ocpi/2.2/commands/START_SESSION" })
            let (signature, proof) = try arrived.verified()
            #expect(signature.signatory.hex == network.n1.operatorAddress && proof.signatories.last == network.msp.key.address)
            #expect(signature.rewrites.first?.rewrittenFields.first?.value == command["response_url"])
        }

        // MARK: Services

        @Test func scenario07_aServiceAtTheSameNodeGetsACopy() async throws {
            let network = try network()
            try await aServiceGetsACopy(service: network.cpo1, recipient: network.cpo2, network)
        }

        @Test func scenario08_aServiceAtAnotherNodeGetsACopy() async throws {
            let network = try network()
            try await aServiceGetsACopy(service: network.cpo2, recipient: network.cpo1, network)
        }

        /// The reference continues to copy after an agreement is revoked; this node does not.
        private func aServiceGetsACopy(service: ReferenceParty, recipient: ReferenceParty, _ network: ReferenceNetwork) async throws {
            let msp = network.msp
            // Not used by another scenario.
            let (seen, revoked, again) = (UUIDText.v4(), UUIDText.v4(), UUIDText.v4())
            @Sendable func isFor(_ id: String, _ request: ServerRequest) -> Bool { request.path == "/ocpi/2.2/locations/\(id)" }
            let offer = Fact.service(NetworkService(provider: service.id, name: "Reference", permissions: [0], source: "state"))
            let agreement = Fact.agreement(Agreement(user: msp.id, provider: service.id, source: "state"))
            try await network.publish([.put(offer), .put(agreement)])
            let reply = try await msp.call(.get, below: "sender/2.2/locations/\(seen)", to: recipient.id)
            #expect(reply.code == 1000, "\(reply.message)")
            for party in [service, recipient] {
                let entries = await party.received.wait(within: .seconds(10)) { $0.contains { isFor(seen, $0) } }
                let request = try #require(entries?.last { isFor(seen, $0) }, "\(party.id) got no request")
                #expect(request.method == .get && request.from == msp.id)
                // The copy has a new receiver, and is signed by the node that changed it.
                let proof = try request.verified().proof
                #expect(proof.signatories.last == msp.key.address && proof.signatories.count == (party === service ? 2 : 1))
            }

            try await network.publish([.delete(key: agreement.key)])
            #expect(try await msp.call(.get, below: "sender/2.2/locations/\(revoked)", to: recipient.id).code == 1000)
            try await network.publish([.put(agreement)])
            #expect(try await msp.call(.get, below: "sender/2.2/locations/\(again)", to: recipient.id).code == 1000)
            let later = await service.received.wait(within: .seconds(10)) { $0.contains { isFor(again, $0) } }
            #expect(later?.contains { isFor(revoked, $0) } == false, "no copy without an agreement")
            try await network.publish([.delete(key: agreement.key), .delete(key: offer.key)])
        }

        // MARK: Custom modules

        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario09_aCustomModuleIsReadUnchanged(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let reply = try await network.msp.call(.get, below: "custom/sender/lite-locations", to: network.cpo(side).id, isCustom: true)
            #expect(reply.status == 200 && reply.code == 1000, "\(reply.message)")
            #expect(reply.data == ReferenceParties.liteLocations)
        }

        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario10_aCustomModuleTakesAnyText(side: ReferenceNetwork.Side) async throws
        {
            let network = try network()
            let cpo = network.cpo(side)
            for text in [
                "simple string", #"[{"hello":"world"},{"beautiful":"day"}]"#, #"{"key1":"value1"}"#, #"{"key1":["value1","value2"]}"#,
            ] {
                let reply = try await network.msp.call(
                    .post, below: "custom/sender/lite-locations", to: cpo.id, body: ByteBuffer(string: text), isCustom: true)
                #expect(reply.status == 200 && reply.code == 1000, "\(text): \(reply.message)")
                #expect(reply.data == .string(text))
                let arrived = try #require(cpo.received.entries.last { $0.path == "/ocpi/2.2/lite-locations" })
                #expect(String(buffer: arrived.body) == text)
                #expect(try arrived.verified(isCustom: true).signature.signatory == network.msp.key.address)
            }
            let without = try await network.msp.call(.post, below: "custom/sender/lite-locations", to: cpo.id, isCustom: true)
            #expect(without.status == 200 && without.code == 1000, "\(without.message)")
        }

        @Test(arguments: ReferenceNetwork.Side.allCases) func scenario11_aBlacklistRefusesACustomModule(
            side: ReferenceNetwork.Side
        ) async throws {
            let network = try network()
            let cpo = network.cpo(side)
            let entry = #"{"country_code":"DE","party_id":"MSP","modules":["lite-locations"]}"#
            #expect(try await cpo.configure(.post, "/ocpi/receiver/2.2/ocnrules/blacklist", body: entry).code == 1000)
            let refused = try await network.msp.call(.get, below: "custom/sender/lite-locations", to: cpo.id, isCustom: true)
            #expect(refused.status == 400 && refused.code == 2000, "\(refused.message)")
            #expect(refused.json?["status_message"]?.string == "Sender not whitelisted to request lite-locations from receiver.")
            #expect(try await cpo.configure(.put, "/ocpi/receiver/2.2/ocnrules/blacklist", body: "[]").code == 1000)
            let allowed = try await network.msp.call(.get, below: "custom/sender/lite-locations", to: cpo.id, isCustom: true)
            #expect(allowed.code == 1000, "\(allowed.message)")
        }

        // MARK: Plain tokens

        /// Platforms of the first reference nodes send and expect plain tokens, not base64.
        @Test func scenario21_aPartyWithPlainTokensIsServed() async throws {
            let network = try network()
            let plain = ReferenceParties.msp(try #require(PartyID("DE-PLN")), at: network.n1, encoding: .plain)
            try await network.add(plain)
            try await plain.register()
            for cpo in [network.cpo1, network.cpo2] {
                let location = try await plain.call(.get, below: "sender/2.2/locations/1", to: cpo.id)
                #expect(location.status == 200 && location.code == 1000, "\(location.message)")
                let cdr = ReferenceParties.cdr("CDR-PLAIN", of: cpo.id, for: plain.id)
                let stored = try await cpo.call(.post, below: "receiver/2.2/cdrs", to: plain.id, body: cdr.encoded())
                #expect(stored.status == 200 && stored.code == 1000, "\(stored.message)")
            }
            try await plain.leave()
            await plain.stop()
        }
    }
}
