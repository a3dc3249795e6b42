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

@Suite(.serialized) struct ExchangeRulesTests {
    @Test func aRequestThatNobodyWaitsForIsFinishedWithoutACall() async throws {
        let environment = try await DeliveryEnvironment()
        let exchange = try environment.exchange()
        try await environment.run(exchange: exchange) {
            var broadcast = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            broadcast.reply = nil
            broadcast.deadline = nil
            let position = try await environment.producer.send(broadcast.outgoing(to: environment.kafka.topics))
            try await eventually("it is finished") {
                try await exchange.consumer.committed(exchange.assignment, timeout: .seconds(5))
                    .contains { $0.partition == position.partition && $0.offset == position.offset + 1 }
            }
            #expect(environment.cpo.recorded.isEmpty)
        }
    }

    @Test func aPlatformIsCalledOnlyWhileItIsConnected() async throws {
        let environment = try await DeliveryEnvironment()
        let answered = Mutex<[String]>([])
        try await environment.run(
            exchange: try environment.exchange { _ in
            } onAnswer: { id in
                answered.withLock { $0.append(id) }
            }
        ) {
            let record = try request(.tokens, .receiver, .patch, path: "DE/MSP/1", body: "{}")
            for status in [PlatformStatus.offline, .planned, .suspended] {
                try await environment.writer.write([.put(.status(platform: "cpo", status, .now))])
                let refused = try await environment.ask(again(record))
                #expect(refused.outcome == .unreachable && refused.status == .connectionProblem)
            }
            #expect(environment.cpo.recorded.isEmpty && answered.withLock { $0.isEmpty })
            try await environment.writer.write([.put(.status(platform: "cpo", .connected, .now))])
            // The same request again: nothing was sent, so its answer is not remembered.
            #expect(try await environment.ask(again(record)).outcome == .answered)
            #expect(environment.cpo.recorded.count == 1 && answered.withLock { $0 } == ["cpo"])
        }
    }

    // MARK: Repeats

    @Test func aRepeatedRequestIsSentOnceAndAnsweredEachTime() async throws {
        let calls = Atomic<Int>(0)
        let environment = try await DeliveryEnvironment(cpo: { seen in
            guard seen.method == .post else { return .success }
            let number = calls.wrappingAdd(1, ordering: .relaxed).newValue
            return seen.target.hasSuffix("/STOP_SESSION")
                ? .silence : .answer(201, [("Location", "\(seen.base)/receiver/cdrs/7")], #"{"status_code":1000,"n":\#(number)}"#)
        })
        try await environment.run(exchange: try environment.exchange { $0.margin = .milliseconds(100) }) {
            let cdr = try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#)
            let first = try await environment.ask(cdr)
            let second = try await environment.ask(again(cdr))
            #expect(first.httpStatus == 201 && first.body == second.body && first.headers == second.headers && second.httpStatus == 201)
            #expect(first.requestID != second.requestID)
            #expect(calls.load(ordering: .relaxed) == 1)
            var other = again(cdr)
            other.requestID = "request-2"
            #expect(try await environment.ask(other).body != first.body)

            // A signed message can be sent again by whoever has seen it.
            var message = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
            message.origin = .node("https://other.example")
            for _ in 0..<3 { #expect(try await environment.ask(again(message)).outcome == .answered) }
            #expect(environment.cpo.recorded.count(where: { $0.method == .put }) == 1)

            // Reads go through each time.
            _ = try await environment.ask(try request(.locations, .sender, .get))
            _ = try await environment.ask(try request(.locations, .sender, .get))
            #expect(environment.cpo.recorded.count(where: { $0.method == .get }) == 2)

            var command = try request(
                .commands, .receiver, .post, path: "STOP_SESSION", body: #"{"response_url":"\#(environment.msp.url)/sender/commands/1"}"#)
            command.deadline = Timestamp.now.adding(milliseconds: 1500)
            let (one, two) = (command, again(command))
            async let hanging = environment.ask(one)
            async let waiting = environment.ask(two)
            let meanwhile = try await [hanging, waiting]
            var late = again(command)
            late.deadline = Timestamp.now.adding(milliseconds: 10_000)
            for answer in meanwhile + [try await environment.ask(late)] {
                #expect(answer.outcome == .timeout && answer.status == .timeout)
            }
            #expect(environment.cpo.recorded.count(where: { $0.target.hasSuffix("/STOP_SESSION") }) == 1)
        }
    }

    // MARK: Charging profiles

    @Test func aResponseURLInTheQueryComesBackThroughTheHub() async throws {
        let environment = try await DeliveryEnvironment()
        try await environment.run(exchange: try environment.exchange()) {
            let original = environment.msp.url + "/sender/chargingprofiles/result/42?x=%2F"
            let query = "duration=900&response_url=" + PercentText.encoded(original) + "&x=%2f"
            for method in [OCPI.Method.get, .delete] {
                let answer = try await environment.ask(try request(.chargingprofiles, .receiver, method, path: "S1", query: query))
                #expect(answer.httpStatus == 200)
                let seen = try #require(environment.cpo.recorded.last)
                let parts = seen.target.split(separator: "?")
                #expect(seen.method == method && parts[0] == "/receiver/chargingprofiles/S1")
                #expect(parts[1].hasPrefix("duration=900&response_url=https%3A%2F%2F") && parts[1].hasSuffix("&x=%2f"))
                let url = try #require(PercentText.pairs(String(parts[1])).first { $0.name == "response_url" }?.value)
                let prefix = DeliveryEnvironment.publicURL + "/ocpi/sender/2.2.1/chargingprofiles/S1/"
                #expect(url.hasPrefix(prefix) && url.utf8.count <= 255)
                let token = String(url.dropFirst(prefix.count))
                let callback = try #require(await environment.capabilities.resolve(token))
                #expect(callback.owner == PartyID("DE-MSP") && callback.user == PartyID("DE-CPO") && callback.kind == .callback)
                try await callBack(environment, token, callback)
            }
            let refused = try await environment.ask(try request(.chargingprofiles, .receiver, .get, path: "S1", query: "duration=900"))
            #expect(refused.outcome == .refused && refused.status == .invalidParameters)
            #expect(environment.cpo.recorded.count == 2)
        }
    }

    /// What INGRESS makes of the recipient's POST to the hub URL.
    private func callBack(_ environment: DeliveryEnvironment, _ token: String, _ callback: Capability) async throws {
        var result = try request(.chargingprofiles, .sender, .post, path: "S1/" + token, body: #"{"result":"ACCEPTED"}"#)
        result.from = callback.user
        result.to = callback.owner
        result.requestID = token
        result.target = callback.url(in: environment.store.directory)
        #expect(try await environment.ask(result).httpStatus == 200)
        let seen = try #require(environment.msp.recorded.last)
        #expect(seen.target == "/sender/chargingprofiles/result/42?x=%2F" && seen.text == #"{"result":"ACCEPTED"}"#)
        #expect(seen.headers["OCPI-to-party-id"] == ["MSP"] && seen.headers["OCPI-from-party-id"] == ["CPO"])
    }

    @Test func aResponseURLInTheQueryIsKeptByTheRecipientsNode() async throws {
        let environment = try await DeliveryEnvironment()
        let party = SigningKey.generate()
        try await environment.run(exchange: try environment.exchange()) {
            let original = environment.msp.url + "/sender/chargingprofiles/result/42"
            var record = try request(
                .chargingprofiles, .receiver, .delete, path: "S1", query: "response_url=" + PercentText.encoded(original))
            record.to = try #require(PartyID("NL-CPO"))
            record.signature = try OCNSignature.sign(try #require(Resigning.values(of: record)), with: party, numbers: .js).text(.brotli)
            #expect(try await environment.ask(record).httpStatus == 200)
            let message = try OCNMessage.decode(try #require(environment.cpo.recorded.last).body)
            let id = try #require(message.proxyUID)
            #expect(message.method == .delete && message.urlPath == "S1" && message.proxyResource == original)
            let url = environment.cpo.url + "/ocpi/2.2/sender/chargingprofiles/result/" + id
            #expect(message.query == .object([JSONMember(name: "response_url", value: .string(url))]))

            // The recipient's node finds both signatures good.
            var received = record
            received.query = "response_url=" + PercentText.encoded(url)
            let signature = try OCNSignature(text: try #require(message.signature))
            let verified = try signature.verify(try #require(Resigning.values(of: received)))
            #expect(verified.signatories == [Fixture.key?.address, party.address])
        }
    }

    @Test func aResultThatWasAddressedToTheHubIsSignedForItsReceiver() async throws {
        let environment = try await DeliveryEnvironment()
        let party = SigningKey.generate()
        try await environment.run(exchange: try environment.exchange()) {
            for receiver in ["DE-MSP", "NL-CPO"] {
                var record = try request(.commands, .sender, .post, path: "STOP_SESSION/abc", body: #"{"result":"ACCEPTED"}"#)
                record.from = try #require(PartyID("DE-CPO"))
                record.to = try #require(PartyID("CH-OCN"))
                record.signature = try OCNSignature.sign(try #require(Resigning.values(of: record)), with: party, numbers: .js).text(
                    .brotli)
                record.originalReceiver = record.to
                record.to = try #require(PartyID(receiver))
                record.requestID = receiver
                record.target = environment.msp.url + "/cb/1"
                #expect(try await environment.ask(record).httpStatus == 200)

                let isHere = receiver == "DE-MSP"
                let seen = try #require(isHere ? environment.msp.recorded.last : environment.cpo.recorded.last)
                let text = isHere ? seen.headers.first(name: "OCN-Signature") : try OCNMessage.decode(seen.body).signature
                let verified = try OCNSignature(text: try #require(text)).verify(try #require(Resigning.values(of: record)))
                #expect(verified.signatories == [Fixture.key?.address, party.address])
            }
        }
    }

    // MARK: Answers

    @Test func aSignedAnswerIsSignedAgainWhereItsLinkIsReplaced() async throws {
        let party = SigningKey.generate()
        let link = "<https://cpo.example/2>; rel=\"next\""
        let values = SignableValues.response(envelope: ["status_code": 1000]) { ["link": link, "x-limit": "2"][$0] }
        let signature = try OCNSignature.sign(values, with: party, numbers: .js).text(.brotli)
        let environment = try await DeliveryEnvironment(cpo: { _ in
            .answer(200, [("Link", link), ("X-Limit", "2")], #"{"status_code":1000,"ocn_signature":"\#(signature)"}"#)
        })
        try await environment.run(exchange: try environment.exchange()) {
            try await environment.writer.write([.put(.origins(platform: "cpo", ["https://cpo.example:443"]))])
            let answer = try await environment.ask(try request(.locations, .sender, .get))
            let body = try #require(answer.body)
            let header = { (name: String) in ["link": answer.headers["Link"], "x-limit": answer.headers["X-Limit"]][name] ?? nil }
            let received = SignableValues.response(envelope: try JSONValue.parse(body), header: header)
            let rewritten = try OCNSignature(text: try #require(body.jsonString(["ocn_signature"])))
            #expect(try rewritten.verify(received).signatories == [Fixture.key?.address, party.address])
            #expect(answer.headers["Link"]?.hasPrefix("<" + DeliveryEnvironment.publicURL) == true)
        }
    }

    @Test func anAnswerThatKafkaDoesNotTakeBecomesAnErrorAtOnce() async throws {
        let body = #"{"status_code":1000,"data":""# + String(repeating: "x", count: RecordLimits.answerBody - 40) + #""}"#
        let header = String(repeating: "1", count: 66_000)
        let environment = try await DeliveryEnvironment(cpo: { _ in .answer(200, [("X-Limit", header)], body) })
        try await environment.run(exchange: try environment.exchange()) {
            let began = NIODeadline.now()
            var record = try request(.locations, .sender, .get)
            record.deadline = Timestamp.now.adding(milliseconds: 20_000)
            let answer = try await environment.ask(record)
            #expect(answer.outcome == .unreachable && answer.status == .hubError && answer.body == nil)
            #expect(NIODeadline.now() - began < .seconds(10))
        }
    }

    /// The same request in another record, as a caller sends it that got no answer.
    private func again(_ record: RequestRecord) -> RequestRecord {
        var again = record
        again.id = UUIDText.v7()
        return again
    }
}
