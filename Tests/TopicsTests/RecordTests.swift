import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testing
import Topics

@Suite struct RecordTests {
    let topics = TopicNames()

    @Test func aRequestSurvivesTheRoundTripThroughKafkaHeaders() throws {
        let record = sample()
        let again = try RequestRecord(incoming(record.outgoing(to: topics)))
        #expect(again.id == record.id)
        #expect(again.module == .cdrs && again.interface == .receiver && again.method == .post && again.version == .v2_2_1)
        #expect(again.from.description == "de-CPO", "the spelling of OCPI-from is kept")
        #expect(again.to == record.to && again.path == record.path && again.query == record.query)
        #expect(again.requestID == record.requestID && again.correlationID == record.correlationID)
        #expect(again.origin == .node("https://other.example") && again.stateVersion == 42)
        #expect(again.deadline == record.deadline && again.reply == record.reply && again.target == record.target)
        #expect(again.trace == record.trace && again.contentType == "application/json" && again.key == record.key)
        #expect(again.contentEncoding == "gzip")
        #expect(again.body == record.body)
    }

    @Test func theHeadersAreTheOnesThatTheArchitectureNames() throws {
        let headers = sample().outgoing(to: topics).headers
        #expect(headers["ce_specversion"] == "1.0")
        #expect(headers["ce_type"] == "org.openchargingnetwork.cdrs.receiver.post")
        #expect(headers["ce_source"] == "/de/CPO")
        #expect(
            headers["ce_subject"] == "DE/CPO/x%20y" && headers["ce_ocpipath"] == "DE/CPO/x%20y" && headers["ce_ocpiquery"] == "a=1&b=%2F")
        #expect(headers["ce_ocpifrom"] == "de-CPO" && headers["ce_ocpito"] == "NL-MSP" && headers["ce_ocpiversion"] == "2.2.1")
        #expect(headers["ce_correlationid"] == "corr" && headers["ce_requestid"] == "req" && headers["ce_ocnsignature"] == "sig")
        #expect(headers["ce_deadline"] == "1700000030000" && headers["ce_replypartition"] == "3" && headers["ce_replyepoch"] == "77")
        #expect(headers["ce_stateversion"] == "42" && headers["ce_time"] == "2023-11-14T22:13:20.000Z")
        #expect(headers["content-type"] == "application/json" && headers["traceparent"] == "00-aa-bb-01")
    }

    @Test func aStoredRequestIsMarkedAndNothingThatFollowsFromIt() throws {
        var record = sample()
        #expect(record.outgoing(to: topics).headers["ce_ocnstored"] == nil)
        record.isStored = true
        #expect(record.outgoing(to: topics).headers["ce_ocnstored"] == "true")
        #expect(try RequestRecord(incoming(record.outgoing(to: topics))).isStored)
        #expect(AnnouncementRecord(request: record).outgoing(to: topics).headers["ce_ocnstored"] == nil)
    }

    @Test func emptyAttributesAreLeftOut() {
        var record = sample()
        record.path = ""
        record.query = nil
        record.signature = nil
        record.trace = TraceContext()
        let names = Set(record.outgoing(to: topics).headers.fields.map(\.name))
        #expect(names.isDisjoint(with: ["ce_subject", "ce_ocpipath", "ce_ocpiquery", "ce_ocnsignature", "traceparent", "tracestate"]))
    }

    @Test func aCopyHasTheServiceAsReceiverAndNothingOfTheCall() throws {
        let original = sample()
        let copy = CopyRecord(
            of: original, id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8)))
        let outgoing = copy.outgoing(to: topics)
        #expect(outgoing.topic == "ocn.outbox.DE-BIL" && outgoing.key == original.key)
        #expect(outgoing.headers["ce_id"] == "copy-1" && outgoing.headers["ce_copyof"] == original.id)
        #expect(outgoing.headers["ce_permission"] == "8" && outgoing.headers["ce_ocpito"] == "DE-BIL")
        #expect(outgoing.headers["ce_ocpifrom"] == "de-CPO" && outgoing.headers["ce_deadline"] == nil)
        #expect(outgoing.headers["ce_replypartition"] == nil && outgoing.headers["ce_ocntarget"] == nil)
        #expect(outgoing.value == original.body)
        let again = try CopyRecord(incoming(outgoing))
        #expect(again.copyOf == original.id && again.permission.rawValue == 8 && again.request.to.description == "DE-BIL")
        #expect(outgoing.headers["ce_ocpioriginalto"] == "NL-MSP" && again.originalReceiver?.description == "NL-MSP")
    }

    @Test func theAddressedReceiverIsKeptWhenTheHubFoundAnother() throws {
        var record = sample()
        #expect(record.outgoing(to: topics).headers["ce_ocpioriginalto"] == nil)
        record.originalReceiver = PartyID("ch-OCN")
        #expect(try RequestRecord(incoming(record.outgoing(to: topics))).originalReceiver?.description == "ch-OCN")
        let copy = CopyRecord(
            of: record, id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8)))
        #expect(
            try CopyRecord(incoming(copy.outgoing(to: topics))).originalReceiver?.description == "ch-OCN", "the signature fits this one")
    }

    @Test func aCopyOfAnOlderVersionDoesNotSayWhomTheRequestWasFor() throws {
        var outgoing = CopyRecord(
            of: sample(), id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8))
        ).outgoing(to: topics)
        outgoing.headers.fields.removeAll { $0.name == "ce_ocpioriginalto" }
        #expect(try CopyRecord(incoming(outgoing)).originalReceiver == nil)
    }

    @Test func aDeadLetterKeepsTheCopyAndSaysWhy() throws {
        let copy = CopyRecord(
            of: sample(), id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8)))
        let dead = DeadRecord(
            copy: copy, cause: "rejected", attempts: 3, lastHTTPStatus: 400, lastStatus: 2001,
            diedAt: Timestamp(milliseconds: 1_700_000_001_000))
        let again = try DeadRecord(incoming(dead.outgoing(to: topics)))
        #expect(again.copy.id == "copy-1" && again.cause == "rejected" && again.attempts == 3)
        #expect(again.lastHTTPStatus == 400 && again.lastStatus == 2001 && again.diedAt == dead.diedAt)
    }

    @Test func aReplyCarriesOnlyTheHeadersThatPassThrough() throws {
        let request = sample()
        var headers = RecordHeaders()
        headers.append("Location", "https://x/1")
        headers.append("X-Total-Count", "7")
        headers.append("Set-Cookie", "no")
        let reply = ReplyRecord(
            to: request, at: ReplyAddress(partition: 3, epoch: 77), from: request.to, time: request.time, outcome: .answered,
            httpStatus: 201,
            headers: headers, contentType: "application/json", body: ByteBuffer(string: #"{"status_code":1000}"#))
        let outgoing = reply.outgoing(to: topics)
        #expect(outgoing.partition == 3 && outgoing.key == nil)
        #expect(outgoing.headers["ce_type"] == "org.openchargingnetwork.cdrs.receiver.post.reply")
        #expect(outgoing.headers["ce_replyto"] == request.id && outgoing.headers["Set-Cookie"] == nil)
        let again = try ReplyRecord(incoming(outgoing, partition: 3))
        #expect(again.httpStatus == 201 && again.headers["Location"] == "https://x/1" && again.headers["X-Total-Count"] == "7")
        #expect(again.address == reply.address && again.outcome == .answered && again.from == request.to)
    }

    @Test func headersBetweenNodesAreCarriedInRecords() throws {
        var request = sample()
        #expect(try RequestRecord(incoming(request.outgoing(to: topics))).copyID == nil)
        request.copyID = "copy-1"
        #expect(try RequestRecord(incoming(request.outgoing(to: topics))).copyID == "copy-1")
        for notDone in [NotDone.hindered, .refused, nil] {
            let reply = ReplyRecord(
                to: request, at: ReplyAddress(partition: 3, epoch: 77), from: request.to, time: request.time, outcome: .refused,
                status: .clientError, message: "no", notDone: notDone)
            #expect(try ReplyRecord(incoming(reply.outgoing(to: topics), partition: 3)).notDone == notDone)
        }
    }

    @Test(arguments: ["ce_id", "ce_time", "ce_type", "ce_ocpiversion", "ce_ocpifrom", "ce_ocpito", "ce_requestid", "ce_correlationid"])
    func aRequestWithoutAHeaderItNeedsIsRefusedByName(_ name: String) {
        var outgoing = sample().outgoing(to: topics)
        outgoing.headers.fields.removeAll { $0.name == name }
        #expect {
            try RequestRecord(incoming(outgoing))
        } throws: { error in
            (error as? RecordError)?.header == name && (error as? RecordError)?.reason == "missing"
        }
    }

    @Test func theNameOfACustomModuleMayHaveDots() throws {
        var record = sample()
        record.module = ModuleID(rawValue: "my.own.module")
        #expect(try RequestRecord(incoming(record.outgoing(to: topics))).module == record.module)
    }

    /// Another method could make a recipient return what it received, including the hub's token.
    @Test(arguments: ["trace", "head", "options", "connect", ""]) func aRequestWithAMethodThatOCPIHasNotIsRefused(method: String) {
        var outgoing = sample().outgoing(to: topics)
        outgoing.headers.fields.removeAll { $0.name == "ce_type" }
        outgoing.headers.append("ce_type", "org.openchargingnetwork.parking.receiver.\(method)")
        #expect { try RequestRecord(incoming(outgoing)) } throws: { ($0 as? RecordError)?.header == "ce_type" }
    }

    @Test func randomHeaderValuesNeverTrap() {
        var generator = SeededGenerator(seed: 7)
        let names = sample().outgoing(to: topics).headers.fields.map(\.name)
        for _ in 0..<5_000 {
            var outgoing = sample().outgoing(to: topics)
            for index in outgoing.headers.fields.indices where generator.next() % 3 == 0 {
                let bytes = (0..<Int(generator.next() % 12)).map { _ in UInt8(truncatingIfNeeded: generator.next()) }
                outgoing.headers.fields[index] = RecordHeader(
                    name: names[Int(generator.next() % UInt64(names.count))], value: String(decoding: bytes, as: UTF8.self))
            }
            _ = try? RequestRecord(incoming(outgoing))
            _ = try? CopyRecord(incoming(outgoing))
            _ = try? ReplyRecord(incoming(outgoing))
        }
    }

    private func sample() -> RequestRecord {
        RequestRecord(
            id: "0192-id", time: Timestamp(milliseconds: 1_700_000_000_000), module: .cdrs, interface: .receiver, method: .post,
            version: .v2_2_1, from: party("de-CPO"), to: party("NL-MSP"), path: "DE/CPO/x%20y", query: "a=1&b=%2F", requestID: "req",
            correlationID: "corr", signature: "sig", origin: .node("https://other.example"), stateVersion: 42,
            deadline: Timestamp(milliseconds: 1_700_000_030_000), reply: ReplyAddress(partition: 3, epoch: 77), target: "https://t/1",
            trace: TraceContext(traceparent: "00-aa-bb-01", tracestate: "x=y"), contentType: "application/json",
            contentEncoding: "gzip", body: ByteBuffer(string: #"{"id":"1", "kwh": 1.0}"#), key: "DE-CPO|cdrs|1")
    }

    private func party(_ text: String) -> PartyID {
        guard let party = PartyID(text) else { fatalError("no party: \(text)") }
        return party
    }

    private func incoming(_ record: OutgoingRecord, partition: Int32 = 0) -> IncomingRecord {
        IncomingRecord(
            topic: record.topic, partition: partition, offset: 5, timestamp: 0, key: record.key, value: record.value,
            headers: record.headers,
            epoch: 1)
    }
}
