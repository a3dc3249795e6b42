import Directory
import Encoding
import Kafka
import NIOCore
import NIOHTTP1
import OCPI
import Support
import Synchronization
import TestParties
import Testing
import Topics

@testable import Delivery

@Suite(.serialized) struct ExchangeServiceTests {
    @Test func everyRequestGetsItsOneAnswer() async throws {
        let environment = try await DeliveryEnvironment(cpo: { seen in
            switch (seen.method.rawValue, seen.target) {
            case ("GET", "/sender/locations?limit=2"):
                .answer(
                    200,
                    [
                        ("Link", #"<http://elsewhere/first>; rel="first", <\#(seen.base)/sender/locations?offset=2&limit=2>; rel="next""#),
                        ("X-Limit", "2"), ("X-Total-Count", "5"), ("Set-Cookie", "a=b"),
                    ],
                    #"{"status_code":1000,"data":[ 1.10 ]}"#)
            case ("GET", "/sender/locations/far"):
                .answer(200, [("Link", "<https://cdn.example/next>; rel=next")], #"{"status_code":1000}"#)
            case ("GET", "/sender/locations/none"): .answer(404, [("Link", "<https://cdn.example/next>; rel=next")], "no such thing")
            case ("GET", "/sender/locations/hang"): .silence
            case ("GET", "/sender/locations/broken"): .hangUp
            case ("POST", "/receiver/cdrs"): .answer(200, [("Location", "\(seen.base)/receiver/cdrs/7")], #"{"status_code":1000}"#)
            default: .success
            }
        })
        try await environment.run(exchange: try environment.exchange { $0.margin = .milliseconds(100) }) {
            try await pages(environment)
            try await cdrs(environment)
            try await commands(environment)
            try await failures(environment)
        }
    }

    private func pages(_ environment: DeliveryEnvironment) async throws {
        let list = try await environment.ask(try request(.locations, .sender, .get, query: "limit=2"))
        #expect(list.outcome == .answered && list.httpStatus == 200 && list.address.epoch == 7)
        #expect(list.body.map { String(buffer: $0) } == #"{"status_code":1000,"data":[ 1.10 ]}"#)
        #expect(list.headers["X-Limit"] == "2" && list.headers["X-Total-Count"] == "5" && list.headers["Set-Cookie"] == nil)
        let next = try #require(LinkHeader.next(in: [list.headers["Link"] ?? ""]))
        let prefix = DeliveryEnvironment.publicURL + "/ocpi/sender/2.2.1/locations/page/"
        #expect(next.hasPrefix(prefix))
        let page = try #require(await environment.capabilities.resolve(String(next.dropFirst(prefix.count))))
        #expect(page.owner == PartyID("DE-CPO") && page.user == PartyID("DE-MSP") && page.kind == .page)
        #expect(page.url(in: environment.store.directory) == environment.cpo.url + "/sender/locations?offset=2&limit=2")

        // The next page at another server, which the operator has listed.
        try await environment.writer.write([
            .put(.origins(platform: "cpo", ["https://cdn.example:443"])), .put(.origins(platform: "msp", ["https://results.example:443"])),
        ])
        let far = try await environment.ask(try request(.locations, .sender, .get, path: "far"))
        let link = try #require(LinkHeader.next(in: [far.headers["Link"] ?? ""]))
        let stored = try #require(await environment.capabilities.resolve(String(link.dropFirst(prefix.count))))
        #expect(stored.target == .url("https://cdn.example/next"))
        // The caller's own node asks for it by the URL itself: this node knows then whom it has given it to.
        var remote = try request(.locations, .sender, .get, path: "far")
        remote.from = try #require(PartyID("NL-CPO"))
        remote.origin = .node("http://other.example")
        #expect(try await environment.ask(remote).headers["Link"]?.hasPrefix("<https://cdn.example/next>") == true)
        let given = Capability(
            kind: .page, owner: remote.to, user: remote.from, target: .url("https://cdn.example/next"), expires: Timestamp(milliseconds: 0))
        #expect(await environment.capabilities.resolve(given.handedOutID)?.user == remote.from)

        let none = try await environment.ask(try request(.locations, .sender, .get, path: "none"))
        #expect(none.outcome == .answered && none.httpStatus == 404 && none.headers["Link"] == nil)
        #expect(none.body.map { String(buffer: $0) } == "no such thing")
    }

    private func cdrs(_ environment: DeliveryEnvironment) async throws {
        let posted = try await environment.ask(try request(.cdrs, .receiver, .post, body: #"{"id":"7"}"#))
        let location = try #require(posted.headers["Location"])
        let prefix = DeliveryEnvironment.publicURL + "/ocpi/receiver/2.2.1/cdrs/"
        #expect(location.hasPrefix(prefix) && location.utf8.count <= 255)
        let object = try #require(await environment.capabilities.resolve(String(location.dropFirst(prefix.count))))
        #expect(object.url(in: environment.store.directory) == environment.cpo.url + "/receiver/cdrs/7")

        // For another node, headers pass as they are: the caller's own node rewrites.
        var remote = try request(.cdrs, .receiver, .post, body: "{}")
        remote.origin = .node("0xabc")
        #expect(try await environment.ask(remote).headers["Location"] == environment.cpo.url + "/receiver/cdrs/7")
    }

    private func commands(_ environment: DeliveryEnvironment) async throws {
        let original = environment.msp.url + "/sender/commands/START_SESSION/42"
        let answer = try await environment.ask(
            try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{ "response_url" : "\#(original)", "n": 1.10 }"#))
        #expect(answer.httpStatus == 200)
        let seen = try #require(environment.cpo.recorded.last)
        let url = try #require(seen.body.jsonString(["response_url"]))
        #expect(seen.text == #"{ "response_url" : "\#(url)", "n": 1.10 }"#)
        let prefix = DeliveryEnvironment.publicURL + "/ocpi/sender/2.2.1/commands/START_SESSION/"
        let callback = try #require(await environment.capabilities.resolve(String(url.dropFirst(prefix.count))))
        #expect(callback.owner == PartyID("DE-MSP") && callback.user == PartyID("DE-CPO"))
        #expect(callback.url(in: environment.store.directory) == original)

        // At another node the URL is kept by that node, under an id of ours.
        var remote = try request(.commands, .receiver, .post, path: "START_SESSION", body: #"{"response_url":"\#(original)"}"#)
        remote.to = try #require(PartyID("NL-CPO"))
        #expect(try await environment.ask(remote).httpStatus == 200)
        let message = try OCNMessage.decode(try #require(environment.cpo.recorded.last).body)
        let id = try #require(message.proxyUID)
        #expect(
            environment.cpo.recorded.last?.target == "/ocn/message" && message.proxyResource == original
                && message.urlPath == "START_SESSION")
        #expect(message.body?.jsonString(["response_url"]) == environment.cpo.url + "/ocpi/sender/2.2/commands/START_SESSION/" + id)
        // What lies below no endpoint is remembered before that node gets it.
        remote.id = UUIDText.v7()
        let elsewhere = "https://results.example/42"
        remote.body = ByteBuffer(string: #"{"response_url":"\#(elsewhere)"}"#)
        #expect(try await environment.ask(remote).httpStatus == 200)
        let given = Capability(
            kind: .callback, owner: remote.from, user: remote.to, target: .url(elsewhere), expires: Timestamp(milliseconds: 0))
        #expect(await environment.capabilities.resolve(given.handedOutID)?.owner == remote.from)

        let malformed = try await environment.ask(try request(.commands, .receiver, .post, path: "START_SESSION", body: "{}"))
        #expect(malformed.outcome == .refused && malformed.status == .invalidParameters)
    }

    private func failures(_ environment: DeliveryEnvironment) async throws {
        var unknown = try request(.tokens, .receiver, .put, path: "DE/MSP/1", body: "{}")
        unknown.to = try #require(PartyID("XX-XXX"))
        let nobody = try await environment.ask(unknown)
        #expect(nobody.outcome == .refused && nobody.status == .unknownReceiver)

        let missing = try await environment.ask(try request(.sessions, .receiver, .put, path: "DE/CPO/1", body: "{}"))
        #expect(missing.outcome == .refused && missing.status == .invalidParameters)

        var late = try request(.locations, .sender, .get, path: "hang")
        late.deadline = Timestamp.now.adding(milliseconds: -1)
        #expect(try await environment.ask(late).outcome == .expired)
        #expect(!environment.cpo.recorded.contains { $0.target.hasSuffix("/hang") })

        var hanging = try request(.locations, .sender, .get, path: "hang")
        hanging.deadline = Timestamp.now.adding(milliseconds: 800)
        let timeout = try await environment.ask(hanging)
        #expect(timeout.outcome == .timeout && timeout.status == .timeout)

        let broken = try await environment.ask(try request(.locations, .sender, .get, path: "broken"))
        #expect(broken.outcome == .unreachable && broken.status == .hubError)

        await environment.cpo.stop()
        // Its connections are closed; a new one is refused.
        let refused = try await environment.ask(try request(.locations, .sender, .get, path: "broken"))
        #expect(refused.outcome == .unreachable)
    }

    @Test("Scenario 24: a recipient that hangs gets no more calls than its limit, who asks for more waits, others are served")
    func aHangingRecipientDoesNotHoldUpOthers() async throws {
        let environment = try await DeliveryEnvironment(cpo: { _ in .silence })
        try await environment.run(exchange: try environment.exchange { $0.callsPerRecipient = 3 }) {
            for _ in 0..<3 {
                var record = try request(.locations, .sender, .get)
                record.deadline = Timestamp.now.adding(milliseconds: 20_000)
                _ = try await environment.producer.send(record.outgoing(to: environment.kafka.topics))
            }
            try await eventually("three calls hang") { environment.cpo.recorded.count == 3 }
            var more = try request(.locations, .sender, .get)
            more.deadline = Timestamp.now.adding(milliseconds: 2000)
            let waited = try await environment.ask(more)
            #expect(waited.outcome == .expired && waited.status == .timeout && environment.cpo.recorded.count == 3)
            var other = try request(.cdrs, .receiver, .post, body: "{}")
            other.to = try #require(PartyID("DE-BIL"))
            #expect(try await environment.ask(other).outcome == .answered)
        }
    }
}

extension ServerRequest {
    /// The server's own base URL, as the caller named it.
    var base: String { "http://" + (headers.first(name: "host") ?? "") }
}
