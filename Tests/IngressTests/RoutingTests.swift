import Encoding
import Kafka
import NIOCore
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory
@testable import Ingress

@Suite struct RoutingTests {
    @Test func requestBecomesARecordByteForByte() async throws {
        let ingress = TestIngress()
        let body = #"{ "id" : "LOC1",  "power": 1.10, "z":null, "a":"ä" }"#
        let answer = try await ingress.ask(
            "PUT", "/ocpi/receiver/2.2.1/locations/DE/MSP/LOC%201?x=%20&y",
            headers([
                "Content-Type": "application/json;charset=utf-8", "traceparent": "00-1-2-01",
            ]), body: body)
        #expect(answer.status == 200)
        let record = try #require(ingress.produced.first)
        #expect(record.body.map { String(buffer: $0) } == body)
        #expect(record.module == .locations)
        #expect(record.interface == .receiver)
        #expect(record.method == .put)
        #expect(record.version == .v2_2_1)
        #expect(record.path == "DE/MSP/LOC%201")
        #expect(record.query == "x=%20&y")
        #expect(record.from == party("DE-MSP"))
        #expect(record.to == party("DE-CPO"))
        #expect(record.requestID == "r1")
        #expect(record.correlationID == "c1")
        #expect(record.signature == nil)
        #expect(record.contentType == "application/json;charset=utf-8")
        #expect(record.trace.traceparent == "00-1-2-01")
        #expect(record.origin == .local)
        #expect(record.stateVersion == 40)
        #expect(record.reply == ReplyAddress(partition: 3, epoch: 7))
        #expect(record.key == "DE-MSP|locations|LOC%201")
        #expect(record.target == nil)
        let deadline = try #require(record.deadline)
        #expect(deadline.milliseconds - record.time.milliseconds == 5000)
    }

    @Test func readsHaveNoKeyAndNoBody() async throws {
        let ingress = TestIngress()
        _ = try await ingress.ask("GET", "/ocpi/sender/2.2.1/sessions?date_from=2026-01-01T00:00:00Z", headers())
        let record = try #require(ingress.produced.first)
        #expect(record.key == nil)
        #expect(record.body == nil)
        #expect(record.contentType == nil)
    }

    @Test func recipientsAnswerPassesUnchanged() async throws {
        let ingress = TestIngress { request in
            var reply = TestIngress.ok(request)
            reply.httpStatus = 404
            reply.contentType = "text/plain"
            reply.body = ByteBuffer(string: "no such thing")
            reply.headers = [
                "Link": "<https://x>; rel=\"next\"", "X-Total-Count": "12", "X-Limit": "5", "Location": "https://l", "OCN-Signature": "s",
            ]
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers())
        #expect(answer.status == 404)
        #expect(answer.text == "no such thing")
        #expect(answer["Content-Type"] == "text/plain")
        #expect(answer["Link"] == "<https://x>; rel=\"next\"")
        #expect(answer["X-Total-Count"] == "12")
        #expect(answer["X-Limit"] == "5")
        #expect(answer["Location"] == "https://l")
        #expect(answer["OCN-Signature"] == "s")
        #expect(answer["X-Request-ID"] == "r1")
        #expect(answer["X-Correlation-ID"] == "c1")
        #expect(answer["OCPI-to-country-code"] == "DE")
        #expect(answer["OCPI-to-party-id"] == "MSP")
        #expect(answer["OCPI-from-country-code"] == "DE")
        #expect(answer["OCPI-from-party-id"] == "CPO")
    }

    @Test func answerWithoutContentTypeIsJSON() async throws {
        let ingress = TestIngress { request in
            var reply = TestIngress.ok(request)
            reply.contentType = nil
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer["Content-Type"] == "application/json")
    }

    @Test func statusesWithoutBodyHaveNone() async throws {
        let ingress = TestIngress { request in
            var reply = TestIngress.ok(request)
            reply.httpStatus = 204
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 204)
        #expect(answer.body.readableBytes == 0)
        #expect(answer["Content-Length"] == nil)
    }

    @Test(arguments: [101, 99, 600, 1000, -1])
    func unusableStatusOfARecipientBecomesAnError(_ status: Int) async throws {
        let ingress = TestIngress { request in
            var reply = TestIngress.ok(request)
            reply.httpStatus = status
            return reply
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 200)
        #expect(answer.code == 4000)
    }

    @Test(arguments: [(ReplyOutcome.timeout, 4002), (.expired, 4002), (.unreachable, 4003), (.refused, 4000)], OCPIVersion.allCases)
    func noAnswerHasItsCode(_ expected: (ReplyOutcome, Int), _ version: OCPIVersion) async throws {
        let ingress = TestIngress { request in
            ReplyRecord(
                requestID: request.id, requestType: "test", address: request.reply ?? ReplyAddress(partition: 0, epoch: 0),
                from: request.to, time: .now,
                outcome: expected.0)
        }
        let answer = try await ingress.ask("GET", "/ocpi/sender/\(version.rawValue)/locations", headers())
        #expect(answer.status == 200)
        // OCPI 2.2 has no 4000.
        #expect(answer.code == (expected.1 == 4000 && version == .v2_2 ? 3000 : expected.1))
        #expect(answer["OCPI-from-party-id"] == "CPO")
    }

    @Test func requestsAreStampedByKafkasClock() async throws {
        let ingress = TestIngress(ahead: 3_600_000)
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 200 && answer.code == 1000, "an hour has not passed meanwhile")
        let request = try #require(ingress.produced.first)
        let late = Timestamp.now.milliseconds - request.time.milliseconds
        #expect(3_600_000..<3_700_000 ~= late)
        #expect(try #require(request.deadline).milliseconds - request.time.milliseconds == 5000)
    }

    @Test func exchangesOwnRefusalHasTheStatusOfTheDialect() async throws {
        for (version, status) in [(OCPIVersion.v2_2, 400), (.v2_2_1, 200)] {
            let ingress = TestIngress { request in
                ReplyRecord(
                    requestID: request.id, requestType: "test", address: request.reply ?? ReplyAddress(partition: 0, epoch: 0),
                    from: request.to, time: .now,
                    outcome: .refused, status: .invalidParameters, message: "no such endpoint")
            }
            let answer = try await ingress.ask("GET", "/ocpi/sender/\(version.rawValue)/locations", headers())
            #expect(answer.status == status)
            #expect(answer.code == 2001)
            #expect(answer.message == "no such endpoint")
        }
    }

    @Test("Scenario 20: who is not answered in time is answered 4002")
    func deadlineIsAnsweredWith4002() async throws {
        let ingress = TestIngress { _ in nil }
        let sweeper = ingress.pending
        async let answer = ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        while ingress.produced.isEmpty { await Task.yield() }
        sweeper.sweep(now: .now() + .seconds(6))
        let got = try await answer
        #expect(got.status == 200)
        #expect(got.code == 4002)
        #expect(ingress.pending.count == 0)
    }

    @Test func failureToProduceIsAHubError() async throws {
        let ingress = TestIngress()
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -192) }
        let new = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(new.status == 200)
        #expect(new.code == 4000)
        let old = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers())
        #expect(old.status == 200)
        #expect(old.code == 3000)
    }

    @Test("Scenario 38: a full queue to Kafka is answered 503 with Retry-After")
    func fullQueueIsBusy() async throws {
        let ingress = TestIngress()
        ingress.state.withLock { $0.produceError = KafkaError(operation: "produce", code: -184) }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        #expect(answer.status == 503)
        #expect(answer.code == 3000)
        #expect(answer["Retry-After"] == "1")
    }

    @Test func noPlaceLeftIsBusyAndNothingIsProduced() async throws {
        let ingress = TestIngress(maxPending: 1)
        #expect(ingress.pending.reserve(for: "a"))
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2/locations", headers())
        #expect(answer.status == 503)
        #expect(answer["Retry-After"] == "1")
        #expect(ingress.produced.isEmpty)
    }

    // MARK: Freshness

    @Test func tokenThatWasWrittenAMomentAgoIsFoundByCatchingUp() async throws {
        let ingress = TestIngress()
        let token = Token("fresh-token")
        ingress.state.withLock {
            $0.waiting = [
                .platform(
                    Platform(id: "msp", tokenCHashes: [TokenHash.of(token)], roles: [PlatformRole(role: "EMSP", party: party("DE-MSP"))]))
            ]
        }
        let answer = try await ingress.ask(
            "GET", "/ocpi/sender/2.2.1/locations", headers(["Authorization": token.authorization(encoding: .plain)]))
        #expect(answer.status == 200)
        #expect(ingress.state.withLock { $0.catchUpLimiter } == 1)
        #expect(ingress.produced.first?.stateVersion == 41)
    }

    @Test func missingTokenAsksNobody() async throws {
        let ingress = TestIngress()
        _ = try await ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers(["Authorization": nil]))
        #expect(ingress.state.withLock { $0.catchUpLimiter } == 0)
    }

    // MARK: Capability URLs

    private func ingress(
        _ kind: Capability.Kind, owner: String, user: String, expires: Timestamp = .now.adding(milliseconds: 60_000)
    ) -> TestIngress {
        let ingress = TestIngress()
        ingress.state.withLock {
            $0.capabilities["tok"] = Capability(
                kind: kind, owner: party(owner), user: party(user), target: .below(.cdrs, .sender, remainder: "?offset=10"),
                expires: expires)
        }
        return ingress
    }

    @Test func pageLinkLeadsToItsTarget() async throws {
        let ingress = ingress(.page, owner: "DE-CPO", user: "DE-MSP")
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/tok", headers())
        #expect(answer.status == 200)
        #expect(ingress.produced.first?.target == "https://cpo.example/ocpi/cdrs?offset=10")
    }

    @Test func pageLinkOfSomebodyElseIsNotFound() async throws {
        let cases: [(Capability.Kind, String, String)] = [
            (.page, "DE-CPO", "CH-CPO"), (.page, "CH-CPO", "DE-MSP"), (.object, "DE-CPO", "DE-MSP"), (.callback, "DE-CPO", "DE-MSP"),
        ]
        for (kind, owner, user) in cases {
            let ingress = ingress(kind, owner: owner, user: user)
            let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/tok", headers())
            #expect(answer.status == 404)
            #expect(answer.code == 2003)
            #expect(ingress.produced.isEmpty)
        }
    }

    @Test func expiredLinkIsNotFound() async throws {
        let ingress = ingress(.page, owner: "DE-CPO", user: "DE-MSP", expires: Timestamp.now.adding(milliseconds: -1))
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/tok", headers())
        #expect(answer.status == 404)
        #expect(answer.code == 2003)
    }

    @Test func linkWhoseOwnerLostTheEndpointIsNotFound() async throws {
        let ingress = ingress(.page, owner: "DE-CPO", user: "DE-MSP")
        ingress.state.withLock { $0.directory.apply(key: FactKey.endpoints("cpo"), nil) }
        let answer = try await ingress.ask("GET", "/ocpi/sender/2.2.1/cdrs/page/tok", headers())
        #expect(answer.status == 404)
    }

    @Test(arguments: ["https://stranger.example/cb/1", "http://msp.example/cb/1", "https://msp.example:8443/cb/1"])
    func callbackToAnOriginThatTheOwnerNeverRegisteredIsNotFound(_ url: String) async throws {
        let ingress = TestIngress()
        ingress.state.withLock {
            $0.directory.apply(key: msp.key, msp)
            $0.capabilities["tok"] = Capability(
                kind: .callback, owner: party("DE-MSP"), user: party("DE-CPO"), target: .url(url),
                expires: .now.adding(milliseconds: 60_000))
        }
        let answer = try await ingress.ask(
            "POST", "/ocpi/sender/2.2.1/commands/START_SESSION/tok",
            headers([
                "Authorization": "Token cpo-token-c", "OCPI-from-party-id": "CPO", "OCPI-to-party-id": "MSP",
            ]), body: "{}")
        #expect(answer.status == 404 && answer.code == 2003 && ingress.produced.isEmpty)
    }

    @Test func callbackToAnOriginThatTheOperatorListedIsCalled() async throws {
        let ingress = TestIngress()
        let origins = Fact.origins(platform: "msp", ["https://stranger.example:443"])
        ingress.state.withLock {
            for fact in [msp, origins] { $0.directory.apply(key: fact.key, fact) }
            $0.capabilities["tok"] = Capability(
                kind: .callback, owner: party("DE-MSP"), user: party("DE-CPO"), target: .url("https://stranger.example/cb/1"),
                expires: .now.adding(milliseconds: 60_000))
        }
        let answer = try await ingress.ask(
            "POST", "/ocpi/sender/2.2.1/commands/START_SESSION/tok",
            headers(["Authorization": "Token cpo-token-c", "OCPI-from-party-id": "CPO", "OCPI-to-party-id": "MSP"]), body: "{}")
        #expect(answer.status == 200 && ingress.produced.first?.target == "https://stranger.example/cb/1")
    }

    private var msp: Fact {
        .endpoints(platform: "msp", [Endpoint(module: .commands, interface: .sender, url: "https://msp.example/ocpi/commands")])
    }

    @Test func callbackHasAKeyOfItsOwn() async throws {
        let ingress = TestIngress()
        ingress.state.withLock {
            $0.directory.apply(key: msp.key, msp)
            $0.capabilities["tok"] = Capability(
                kind: .callback, owner: party("DE-MSP"), user: party("DE-CPO"), target: .url("https://msp.example/cb/1"),
                expires: .now.adding(milliseconds: 60_000))
        }
        let answer = try await ingress.ask(
            "POST", "/ocpi/sender/2.2.1/commands/START_SESSION/tok",
            headers([
                "Authorization": "Token cpo-token-c", "OCPI-from-party-id": "CPO", "OCPI-to-party-id": "MSP",
            ]), body: #"{"result":"ACCEPTED"}"#)
        #expect(answer.status == 200)
        let record = try #require(ingress.produced.first)
        #expect(record.target == "https://msp.example/cb/1")
        #expect(record.key == "DE-CPO|commands-result|tok")
    }

    // MARK: Replies from Kafka

    @Test func unreadableRecordsOfTheRepliesTopicAreSkipped() async throws {
        let ingress = TestIngress { _ in nil }
        async let answer = ingress.ask("GET", "/ocpi/sender/2.2.1/locations", headers())
        while ingress.produced.isEmpty { await Task.yield() }
        let request = try #require(ingress.produced.first)
        let good = TestIngress.ok(request).outgoing(to: TestIngress.topics)
        let batch = [
            IncomingRecord(topic: "ocn.replies", partition: 3, offset: 1, value: nil),
            IncomingRecord(topic: "ocn.replies", partition: 3, offset: 2, value: good.value, headers: good.headers),
        ]
        ReplyReader.deliver(batch, to: ingress.pending, IngressMetrics(), ThrottledLog(TestIngress.silent))
        #expect(try await answer.status == 200)
    }

    @Test func absoluteFormOfARequestTargetIsUnderstood() {
        #expect(RequestHead.split("https://hub.example/ocpi/versions?a=b") == ("/ocpi/versions", "a=b"))
        #expect(RequestHead.split("/ocpi/versions?") == ("/ocpi/versions", nil))
        #expect(RequestHead.split("https://hub.example") == ("/", nil))
    }
}
