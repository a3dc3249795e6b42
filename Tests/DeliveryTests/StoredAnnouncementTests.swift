import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import Notary
import OCPI
import Support
import TestParties
import Testing
import Topics

@testable import Delivery

@Suite(.serialized, .timeLimit(.minutes(5))) struct StoredAnnouncementTests {
    @Test func whatAPartySentAndTheHubStoredArrivesInItsNameWithItsSignature() async throws {
        let environment = try await DeliveryEnvironment()
        let push = try environment.push()
        let key = SigningKey.generate()
        try await environment.run(push: push) {
            let body = #"{ "uid":"T1",  "valid":true }"#
            var stored = try request(.tokens, .receiver, .put, path: "DE/MSP/T1", query: "type=RFID", body: body)
            stored.signature = try OCNSignature.sign(try #require(Resigning.values(of: stored)), with: key, numbers: .js).text(.brotli)
            stored.stateVersion = environment.store.directory.version
            stored.key = "DE-MSP|tokens|T1"
            _ = try await environment.producer.send(AnnouncementRecord(request: stored).outgoing(to: environment.kafka.topics))
            try await eventually("it arrives") { !environment.cpo.recorded.isEmpty }

            let seen = try #require(environment.cpo.recorded.first)
            #expect(seen.method == .put && seen.target == "/receiver/tokens/DE/MSP/T1?type=RFID" && seen.text == body)
            #expect(seen.headers["OCPI-from-country-code"] == ["DE"] && seen.headers["OCPI-from-party-id"] == ["MSP"])
            #expect(seen.headers["OCPI-to-country-code"] == ["DE"] && seen.headers["OCPI-to-party-id"] == ["CPO"])
            #expect(seen.headers["X-Correlation-ID"] == ["correlation-1"] && seen.headers["Authorization"].count == 1)
            #expect(seen.headers["OCN-Copy-ID"].isEmpty)
            let values = SignableValues.request(
                params: [JSONMember(name: "type", value: "RFID")], body: try JSONValue.parse(seen.body)
            ) { seen.headers.first(name: $0) }
            let signature = try OCNSignature(text: try #require(seen.headers.first(name: "OCN-Signature")))
            #expect(try signature.verify(values).signatories == [key.address])
        }
    }

    @Test func aStoredRequestIsFinishedByExchangeWithoutACallOrAReply() async throws {
        let environment = try await DeliveryEnvironment()
        let exchange = try environment.exchange()
        try await environment.run(exchange: exchange) {
            var stored = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            (stored.reply, stored.deadline, stored.isStored) = (nil, nil, true)
            let position = try await environment.producer.send(stored.outgoing(to: environment.kafka.topics))
            try await eventually("it is finished") {
                try await exchange.consumer.committed(exchange.assignment, timeout: .seconds(5))
                    .contains { $0.partition == position.partition && $0.offset == position.offset + 1 }
            }
            #expect(environment.cpo.recorded.isEmpty)
        }
    }
}
