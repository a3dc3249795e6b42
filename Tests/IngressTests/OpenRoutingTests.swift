import Encoding
import NIOCore
import Notary
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

/// The owner of an object or URL is found in every spelling, whether or not the hub is named as receiver.
@Suite struct OpenRoutingTests {
    /// The spelling of the id does not matter.
    @Test func anIDIsTheSameHoweverItIsWritten() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let put = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/locations/D%45/CPO/M%2A1", headers(HubAddressedTests.toMSP), body: "{}")
        #expect(put.code == 1000 && ingress.produced.last?.path == "D%45/CPO/M%2A1", "on the wire it stays as it came")
        for id in ["M*1", "m%2a1", "%4D*%31"] {
            for version in ["2.2", "2.2.1"] {
                let get = try await ingress.ask("GET", "/ocpi/sender/\(version)/locations/\(id)", headers(HubAddressedTests.toNobody))
                #expect(get.code == 1000 && ingress.produced.last?.to == party("DE-CPO") && ingress.produced.last?.path == id)
            }
        }
        #expect(try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations/M%252A1", headers(HubAddressedTests.toNobody)).code == 4001)

        _ = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/sessions/DE/CPO/S%2A1", headers(HubAddressedTests.toMSP), body: "{}")
        let first = ingress.produced.last?.key
        let patch = try await ingress.ask(
            "PATCH", "/ocpi/receiver/2.2.1/sessions/de/cpo/s*1",
            headers(HubAddressedTests.fromCPO.merging(HubAddressedTests.toNobody) { $1 }), body: "{}")
        #expect(patch.code == 1000 && ingress.produced.last?.to == party("DE-MSP") && ingress.produced.last?.key == first)
        let stop = try await ingress.ask(
            "POST", "/ocpi/receiver/2.2.1/commands/STOP_SESSION", headers(HubAddressedTests.toNobody),
            body: #"{"response_url":"https://msp.example/1","session_id":"s*1"}"#)
        #expect(stop.code == 1000 && ingress.produced.last?.to == party("DE-CPO"))
    }

    @Test func aTokenIsFoundByItsTypeToo() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        _ = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/1", headers(), body: "{}")
        _ = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/2?type=APP_USER", headers(), body: "{}")
        _ = try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/tokens/DE/MSP/3", headers(), body: #"{"type":"OTHER"}"#)
        let toNobody = headers(HubAddressedTests.fromCPO.merging(HubAddressedTests.toNobody) { $1 })
        for (query, code) in [
            ("1/authorize", 1000), ("1/authorize?type=RFID", 1000), ("1/authorize?type=APP_USER", 4001), ("2/authorize", 4001),
            ("2/authorize?type=APP_USER", 1000), ("3/authorize?type=OTHER", 1000), ("3/authorize", 4001),
        ] {
            let answer = try await ingress.ask("POST", "/ocpi/sender/2.2.1/tokens/\(query)", toNobody)
            #expect(answer.code == code, "\(query)")
        }
    }

    /// DE-CPO and CH-CPO are on one platform, which may write objects of both in the name of either.
    @Test func whatAPlatformWritesForOneOfItsPartiesIsFoundByAll() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let fromSibling = HubAddressedTests.fromCPO.merging(["OCPI-from-country-code": "CH"]) { $1 }
        func put(_ path: String) async throws {
            let toMSP = fromSibling.merging(["OCPI-to-party-id": "MSP"]) { $1 }
            #expect(try await ingress.ask("PUT", "/ocpi/receiver/2.2.1/\(path)", headers(toMSP), body: "{}").code == 1000)
        }
        try await put("locations/DE/CPO/L1")
        try await put("sessions/DE/CPO/S1")
        try await put("sessions/NL/XXX/S2")
        for (method, path, body) in [
            ("GET", "sender/2.2.1/locations/L1", nil), ("PUT", "sender/2.2.1/sessions/S1/charging_preferences", "{}"),
            ("POST", "receiver/2.2.1/commands/STOP_SESSION", #"{"response_url":"https://msp.example/1","session_id":"S1"}"#),
        ] as [(String, String, String?)] {
            let answer = try await ingress.ask(method, "/ocpi/\(path)", headers(HubAddressedTests.toNobody), body: body)
            #expect(answer.code == 1000 && ingress.produced.last?.to == party("DE-CPO"), "\(path): \(answer.text)")
        }
        // Either of them may continue the session.
        for from in [HubAddressedTests.fromCPO, fromSibling] {
            for (method, path) in [("PATCH", "receiver/2.2.1/sessions/DE/CPO/S1"), ("PUT", "sender/2.2.1/chargingprofiles/S1")] {
                let answer = try await ingress.ask(
                    method, "/ocpi/\(path)", headers(from.merging(HubAddressedTests.toNobody) { $1 }), body: "{}")
                #expect(answer.code == 1000 && ingress.produced.last?.to == party("DE-MSP"), "\(path): \(answer.text)")
            }
        }
        // An object of a party outside the platform was not recorded.
        let preferences = "/ocpi/sender/2.2.1/sessions/S2/charging_preferences"
        #expect(try await ingress.ask("PUT", preferences, headers(HubAddressedTests.toNobody), body: "{}").code == 4001)
    }

    /// The sender's node is authenticated for the sender only.
    @Test func whatAnotherNodeWritesForAnotherPartyIsNotRemembered() async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let sibling = Fact.party(
            NetworkParty(party: party("NL-SIB"), roles: ["CPO"], operatorAddress: ingress.remoteKey.address.hex, source: "test"))
        ingress.state.withLock { $0.directory.apply(key: sibling.key, sibling) }
        let message = OCNMessage(
            module: .sessions, interface: .receiver, method: .put, requestID: "r", correlationID: "c", sender: party("NL-REM"),
            receiver: party("DE-MSP"), urlPath: "NL/SIB/S1", body: ByteBuffer(string: "{}"))
        let bytes = try message.encoded()
        let answer = try await ingress.ask(
            "POST", "/ocn/message", ["X-Request-ID": "hop", "OCN-Signature": NodeSignature.sign(bytes, with: ingress.remoteKey)],
            body: String(buffer: bytes))
        #expect(answer.code == 1000 && ingress.state.withLock { $0.objects.isEmpty }, "\(answer.text)")
    }

    /// A result that is sent to a hub URL may name the hub: the URL determines the receiver.
    @Test(arguments: ["commands/STOP_SESSION/abc", "chargingprofiles/S1/abc", "chargingprofiles/%61bc"], ["2.2", "2.2.1"])
    func aResultThatIsAddressedToTheHubReachesWhoAskedForIt(_ path: String, _ version: String) async throws {
        let ingress = TestIngress(bodyLimit: 4096)
        let endpoints = Fact.endpoints(
            platform: "msp", [Endpoint(module: .commands, interface: .sender, url: "https://msp.example/commands")])
        ingress.state.withLock { $0.directory.apply(key: endpoints.key, endpoints) }
        for owner in ["DE-MSP", "NL-REM"] {
            let target = owner == "DE-MSP" ? "https://msp.example/cb/1" : "https://rem.example/cb/1"
            let capability = Capability(
                kind: .callback, owner: party(owner), user: party("DE-CPO"), target: .url(target),
                expires: .now.adding(milliseconds: 60_000))
            ingress.state.withLock { $0.capabilities["abc"] = capability }
            let answer = try await ingress.ask(
                "POST", "/ocpi/sender/\(version)/\(path)", headers(HubAddressedTests.fromCPO.merging(HubAddressedTests.toHub) { $1 }),
                body: #"{"result":"ACCEPTED"}"#)
            #expect(answer.status == 200 && answer.code == 1000 && answer["OCPI-from-party-id"] == party(owner).party)
            let record = try #require(ingress.produced.last)
            #expect(record.to == party(owner) && record.target == target)
            #expect(record.originalReceiver == party("CH-OCN"), "a signature fits this one")
        }
        // Other parties may not call it, and no other receiver is used.
        let otherParty = headers(HubAddressedTests.toHub)
        #expect(try await ingress.ask("POST", "/ocpi/sender/\(version)/\(path)", otherParty, body: "{}").status == 404)
        let other = headers(HubAddressedTests.fromCPO.merging(["OCPI-to-country-code": "CH", "OCPI-to-party-id": "CPO"]) { $1 })
        #expect(try await ingress.ask("POST", "/ocpi/sender/\(version)/\(path)", other, body: "{}").status == 404)
    }

    @Test func aPageThatIsAskedOfTheHubIsItsOwners() async throws {
        let ingress = TestIngress()
        ingress.state.withLock {
            $0.capabilities["abc"] = Capability(
                kind: .page, owner: party("DE-CPO"), user: party("DE-MSP"), target: .url("https://cpo.example/ocpi/cdrs?offset=2"),
                expires: Timestamp.now.adding(milliseconds: 60_000))
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/abc", headers(HubAddressedTests.toHub))
        #expect(answer.code == 1000 && answer["OCPI-from-party-id"] == "CPO")
    }
}
