import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

@Suite(.serialized, .timeLimit(.minutes(5))) struct AnnouncementServiceTests {
    private func token(_ uid: String, _ body: String = "{}") throws -> RequestRecord {
        try request(.tokens, .receiver, .put, path: "DE/MSP/\(uid)", body: body)
    }

    /// Waits until all records in `ocn.announce` are finished.
    private func finished(_ push: PushService, _ environment: DeliveryEnvironment, _ count: Int64) async throws -> Bool {
        let partitions = push.assignment.filter { $0.topic == environment.kafka.topics.announce }
        return try await push.consumer.committed(partitions, timeout: .seconds(5)).reduce(0) { $0 + max(0, $1.offset) } == count
    }

    @Test func partiesAndNodesAreToldEachInTheirWay() async throws {
        let refusals = Atomic<Int>(1)
        // DE-CPO's server also replaces the other node, whose answers have no body.
        let environment = try await DeliveryEnvironment(cpo: { seen in
            guard seen.target == "/ocn/client-info" else { return .success }
            let isRefused = refusals.wrappingSubtract(1, ordering: .relaxed).newValue >= 0
            return .answer(isRefused ? 400 : 200, [], "")
        })
        let key = try #require(Fixture.key)
        let push = try environment.push()
        try await environment.run(push: push) {
            try await environment.writer.write([
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: .tokens, interface: .receiver, url: environment.cpo.url + "/tokens"),
                            Endpoint(module: .hubclientinfo, interface: .receiver, url: environment.cpo.url + "/status/"),
                        ]))
            ])
            var broadcast = try token("T1", #"{"uid":"T1"}"#)
            broadcast.query = "type=RFID"
            try await environment.announce(broadcast, to: "DE-CPO", key: "DE-MSP|tokens|T1")
            let status = try request(.hubclientinfo, .receiver, .put, path: "DE/MSP", body: #"{"status":"OFFLINE"}"#)
            try await environment.announce(status, to: "DE-CPO", key: "DE-MSP|hubclientinfo|EMSP")
            try await environment.announce(status, to: "DE-MSP", node: "0xother", key: "DE-MSP|hubclientinfo|EMSP")
            try await eventually("all are told") { try await finished(push, environment, 3) }
            func seen(_ uri: String) -> [ServerRequest] { environment.cpo.recorded.filter { $0.target == uri } }

            let party = try #require(seen("/tokens/DE/MSP/T1?type=RFID").first)
            #expect(party.method == .put && party.text == #"{"uid":"T1"}"#)
            #expect(party.headers["OCPI-from-country-code"] == ["CH"] && party.headers["OCPI-from-party-id"] == ["OCN"])
            #expect(party.headers["OCPI-to-country-code"] == ["DE"] && party.headers["OCPI-to-party-id"] == ["CPO"])
            #expect(party.headers["X-Correlation-ID"] == ["correlation-1"])
            #expect(party.headers["OCN-Copy-ID"].isEmpty && party.headers["OCN-Signature"].isEmpty)

            let platform = try #require(seen("/status/DE/MSP").first)
            #expect(platform.headers.allSatisfy { !$0.name.lowercased().hasPrefix("ocpi-") })
            #expect(platform.headers["X-Correlation-ID"] == ["correlation-1"] && platform.headers["X-Request-ID"].count == 1)
            #expect(platform.headers["Authorization"].count == 1 && platform.text == #"{"status":"OFFLINE"}"#)

            let node = seen("/ocn/client-info")
            #expect(node.count == 2, "a node that refuses is asked again")
            #expect(Set(node.flatMap { $0.headers["X-Request-ID"] }).count == 2)
            for call in node {
                #expect(call.method == .put && call.text == #"{"status":"OFFLINE"}"#)
                #expect(call.headers["Content-Type"] == ["application/json"] && call.headers["Authorization"].isEmpty)
                let signature = try #require(call.headers.first(name: "OCN-Signature"))
                #expect(NodeSignature.signer(of: call.body, signature: signature) == key.address)
            }
        }
    }

    @Test func aSignedBroadcastArrivesWithASignatureThatItsRecipientCanVerifyAndAnUnsignedOneNotWhereOneIsWanted() async throws {
        let environment = try await DeliveryEnvironment()
        let sender = SigningKey.generate()
        let hub = try #require(PartyID("CH-OCN"))
        let key = try #require(Fixture.key)
        let push = try environment.push()
        try await environment.run(push: push) {
            try await environment.writer.write([.put(.rules(platform: "cpo", signatures: true, active: nil))])
            // Written before the rule existed: MATCHER would leave the recipient out.
            try await environment.announce(try token("unsigned"), to: "DE-CPO", key: "DE-MSP|tokens|0")
            var original = try token("T1", #"{"uid":"T1"}"#)
            original.to = hub
            original.signature = try OCNSignature.sign(try #require(Resigning.values(of: original)), with: sender, numbers: .js).text(
                .brotli)
            var announced = original
            (announced.from, announced.to, announced.stateVersion) = (
                hub, try #require(PartyID("DE-CPO")), environment.store.directory.version
            )
            let record = AnnouncementRecord(request: announced, original: .init(from: original.from, to: hub))
            _ = try await environment.producer.send(record.outgoing(to: environment.kafka.topics))
            // The hub's own announcements are not signed.
            try await environment.writer.write([
                .put(
                    .endpoints(
                        platform: "cpo",
                        [
                            Endpoint(module: .tokens, interface: .receiver, url: environment.cpo.url + "/tokens"),
                            Endpoint(module: .hubclientinfo, interface: .receiver, url: environment.cpo.url + "/status"),
                        ]))
            ])
            try await environment.announce(
                try request(.hubclientinfo, .receiver, .put, path: "DE/MSP", body: "{}"), to: "DE-CPO", key: "DE-MSP|hubclientinfo|EMSP")
            try await eventually("all are done") { try await finished(push, environment, 3) }
            #expect(environment.cpo.recorded.count == 2 && environment.cpo.recorded.contains { $0.target == "/status/DE/MSP" })
            let seen = try #require(environment.cpo.recorded.first { $0.target.hasSuffix("/DE/MSP/T1") })
            let signature = try OCNSignature(text: try #require(seen.headers.first(name: "OCN-Signature")))
            #expect(try signature.verify(try #require(Resigning.values(of: announced))).signatories == [key.address, sender.address])
        }
    }

    @Test func aCopyThatLacksTheSignatureItsServiceWantsByNowIsADeadLetter() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(push: try environment.push()) {
            try await environment.writer.write([.put(.rules(platform: "bil", signatures: true, active: nil))])
            try await environment.copy(try request(.cdrs, .receiver, .post, body: "{}"), id: "one", key: "a")
            try await eventually("it is a dead letter") { try await environment.dead().count == 1 }
            #expect(try await environment.dead().first?.cause == "unsigned: the service's OcnRules want signed requests")
            #expect(environment.service.recorded.isEmpty)
        }
    }

    @Test("Scenario 32: an announcement to a party that is OFFLINE is dropped and not replayed")
    func whatCannotBeDeliveredIsDroppedAndNeitherKeptNorReplayed() async throws {
        let environment = try await DeliveryEnvironment(cpo: {
            $0.target.hasSuffix("refused") ? .answer(200, [], #"{"status_code":2001}"#) : .success
        })
        let push = try environment.push()
        try await environment.run(push: push) {
            // Rejected, no such interface, not connected here, no such node.
            try await environment.announce(try token("refused"), to: "DE-CPO", key: "refused")
            try await environment.announce(try token("no-interface"), to: "DE-MSP", key: "no-interface")
            try await environment.announce(try token("elsewhere"), to: "NL-CPO", key: "elsewhere")
            try await environment.announce(try token("nobody"), to: "DE-CPO", node: "0xnobody", key: "nobody")
            try await eventually("they are dropped") { try await finished(push, environment, 4) }
            #expect(environment.cpo.recorded.map(\.target) == ["/receiver/tokens/DE/MSP/refused"] && environment.msp.recorded.isEmpty)

            try await environment.writer.write([.put(.status(platform: "cpo", .offline, .now))])
            try await environment.announce(try token("missed"), to: "DE-CPO", key: "missed")
            try await eventually("it is dropped") { try await finished(push, environment, 5) }
            try await environment.writer.write([.put(.status(platform: "cpo", .connected, .now))])
            try await environment.announce(try token("heard"), to: "DE-CPO", key: "heard")
            try await eventually("the next one arrives") { try await finished(push, environment, 6) }
            #expect(environment.cpo.recorded.map(\.target).dropFirst() == ["/receiver/tokens/DE/MSP/heard"])
            #expect(try await environment.dead().isEmpty)
        }
    }

    @Test func whatIsTooOldIsDropped() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .answer(503, [("Retry-After", "3600")], "") })
        let push = try environment.push { $0.announcementHorizon = .seconds(3) }
        try await environment.run(push: push) {
            try await environment.announce(try token("T1"), to: "DE-CPO", key: "T1")
            try await eventually("it is dropped") { try await finished(push, environment, 1) }
            // A Retry-After beyond the expiry has no effect.
            #expect(environment.cpo.recorded.count <= 2)
            #expect(try await environment.dead().isEmpty)
        }
    }

    @Test("Scenario 31: a recipient that failed is told only the latest of an object")
    func aRecipientThatFailedIsToldOnlyTheLatestOfAnObject() async throws {
        let isUp = Atomic<Bool>(false)
        let environment = try await DeliveryEnvironment(cpo: { _ in isUp.load(ordering: .relaxed) ? .success : .answer(500, [], "") })
        let push = try environment.push()
        try await environment.run(push: push) {
            try await environment.announce(try token("T1", "0"), to: "DE-CPO", key: "T1")
            try await eventually("it was tried") { !environment.cpo.recorded.isEmpty }
            for number in 1...20 { try await environment.announce(try token("T1", "\(number)"), to: "DE-CPO", key: "T1") }
            // They are later in the same partition: when one of them is tried, the earlier ones have been read.
            let other = try request(.tokens, .receiver, .patch, path: "DE/MSP/T1", body: "21")
            try await environment.announce(other, to: "DE-CPO", key: "T1")
            try await eventually("the older ones are replaced") { try await finished(push, environment, 20) }
            isUp.store(true, ordering: .relaxed)
            try await eventually("all are done") { try await finished(push, environment, 22) }
            #expect(environment.cpo.recorded.suffix(2).map(\.text) == ["20", "21"])
        }
    }

    @Test("Scenario 24: a party that hangs delays no announcement to others")
    func aPartyThatHangsDelaysNobody() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .silence })
        let push = try environment.push {
            $0.announcementsPerRecipient = 30
            $0.bytesPerPartition = 1
        }
        try await environment.run(push: push) {
            try await environment.writer.write([
                .put(.endpoints(platform: "msp", [Endpoint(module: .tariffs, interface: .receiver, url: environment.msp.url + "/tariffs")]))
            ])
            for number in 0..<100 { try await environment.announce(try token("\(number)"), to: "DE-CPO", key: "\(number)") }
            for number in 0..<20 {
                let tariff = try request(.tariffs, .receiver, .put, path: "DE/CPO/\(number)", body: "{}")
                try await environment.announce(tariff, to: "DE-MSP", key: "\(number)")
            }
            try await eventually("the other party has all of them") { environment.msp.recorded.count == 20 }
            #expect(environment.cpo.recorded.count <= 30)
        }
    }
}
