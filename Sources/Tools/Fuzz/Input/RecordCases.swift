import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Testbed
import Topics

/// Records that could be written by anyone with write access to the topics, which only the node's processes should have.
struct RecordCases {
    let material: Material
    let now: Timestamp
    /// Number of partitions of `ocn.replies`.
    static let replyPartitions = 8

    func make(_ numbers: inout SeededNumbers) -> RecordCase {
        switch numbers.below(20) {
        case 0..<6: return mutated("request", request(&numbers).outgoing(to: material.topics), &numbers)
        case 6..<9: return mutated("copy", copy(&numbers).outgoing(to: material.topics), &numbers)
        case 9, 10: return mutated("reply", reply(&numbers).outgoing(to: material.topics), &numbers)
        case 11..<14: return mutated("announcement", announcement(&numbers).outgoing(to: material.topics), &numbers)
        case 14: return mutated("dead letter", dead(&numbers).outgoing(to: material.topics), &numbers)
        case 15: return foreign(&numbers)
        case 16: return StateCases(material: material, now: now).link(&numbers)
        default: return StateCases(material: material, now: now).state(&numbers)
        }
    }

    // MARK: Valid records

    private static let longAgo = Timestamp(milliseconds: 1_767_225_600_000)

    func request(_ numbers: inout SeededNumbers) -> RequestRecord {
        let module = numbers.pick([ModuleID.cdrs, .sessions, .locations, .tariffs, .tokens, .commands, ModuleID(rawValue: "fuzz")])
        let isRead = numbers.chance(30)
        let isAnswered = numbers.chance(70)
        let body = isRead ? nil : SampleObjects(material: material).body(module).encoded()
        return RequestRecord(
            id: "fuzz-\(String(numbers.next(), radix: 36))", time: numbers.chance(80) ? now : Self.longAgo, module: module,
            interface: isRead ? .sender : .receiver, method: isRead ? .get : numbers.pick([.put, .post, .patch, .delete]),
            version: numbers.pick([.v2_2, .v2_2_1]), from: material.sender,
            to: numbers.pick([material.receiver, material.receiver, material.remote, material.absent]),
            path: isRead ? "" : "\(material.sender.country)/\(material.sender.party)/1", query: numbers.chance(20) ? "limit=1" : nil,
            requestID: "r", correlationID: "c", origin: numbers.chance(90) ? .local : numbers.pick([.hub, .node("http://127.0.0.1:1")]),
            stateVersion: Int64(numbers.below(20)), deadline: isAnswered ? now.adding(milliseconds: 4000) : nil,
            reply: isAnswered ? ReplyAddress(partition: Int32(numbers.below(Self.replyPartitions)), epoch: numbers.next()) : nil,
            target: numbers.chance(5) ? "\(material.receiverURL)/ocpi/2.2.1/\(module)/x" : nil,
            contentType: body == nil ? nil : "application/json",
            body: body, key: isRead ? nil : "k\(numbers.below(20))", isStored: numbers.chance(5))
    }

    private func copy(_ numbers: inout SeededNumbers) -> CopyRecord {
        var original = request(&numbers)
        original.interface = .receiver
        original.method = .put
        original.module = numbers.pick([.sessions, .cdrs])
        let permission = numbers.pick(Permission.allCases)
        return CopyRecord(of: original, id: "fuzz-copy-\(String(numbers.next(), radix: 36))", for: material.service, permission: permission)
    }

    private func reply(_ numbers: inout SeededNumbers) -> ReplyRecord {
        ReplyRecord(
            requestID: "fuzz", requestType: "ocpi.tokens.receiver.put",
            address: ReplyAddress(partition: Int32(numbers.below(Self.replyPartitions)), epoch: numbers.next()), from: material.receiver,
            time: now,
            outcome: numbers.pick(ReplyOutcome.allCases), httpStatus: numbers.pick([nil, 200, 0, -1, 99, 999, Int.max]),
            status: numbers.pick([nil, .success, .serverError]), message: numbers.chance(30) ? OddText.make(&numbers) : nil,
            headers: RecordHeaders([RecordHeader(name: "Link", value: OddText.make(&numbers))]), contentType: "application/json",
            body: OddJSON.value(&numbers).encoded())
    }

    private func announcement(_ numbers: inout SeededNumbers) -> AnnouncementRecord {
        var announced = request(&numbers)
        if numbers.chance(40) { announced.module = .hubclientinfo }
        let original = AnnouncementRecord.Route(from: material.sender, to: material.receiver)
        return AnnouncementRecord(
            request: announced, node: numbers.chance(25) ? material.remoteKey.address.hex : nil,
            original: numbers.chance(30) ? original : nil)
    }

    private func dead(_ numbers: inout SeededNumbers) -> DeadRecord {
        DeadRecord(
            copy: copy(&numbers), cause: numbers.pick(["expired", "rejected", OddText.make(&numbers)]),
            attempts: numbers.pick([0, 1, Int.max, Int.min]),
            lastHTTPStatus: numbers.pick([nil, 200, -1]), lastStatus: nil, diedAt: now)
    }

    // MARK: Invalid records

    private func foreign(_ numbers: inout SeededNumbers) -> RecordCase {
        let topics = material.topics
        let topic = numbers.pick([
            topics.requests, topics.replies, topics.announce, topics.dead, topics.control, topics.outbox(material.service),
        ])
        let partition: Int32? = topic == topics.control ? 0 : topic == topics.replies ? Int32(numbers.below(Self.replyPartitions)) : nil
        let headers = RecordHeaders(
            (0..<numbers.below(12)).map { _ in RecordHeader(name: OddText.make(&numbers, longest: 60), value: OddText.make(&numbers)) })
        return RecordCase(
            "records: foreign",
            OutgoingRecord(topic: topic, partition: partition, key: key(&numbers), value: value(&numbers), headers: headers))
    }

    private func mutated(_ kind: String, _ record: OutgoingRecord, _ numbers: inout SeededNumbers) -> RecordCase {
        var record = record
        for _ in 0..<numbers.below(5) { change(&record, &numbers) }
        return RecordCase("records: \(kind)", record)
    }

    private func change(_ record: inout OutgoingRecord, _ numbers: inout SeededNumbers) {
        guard !record.headers.fields.isEmpty else { return }
        let place = numbers.below(record.headers.fields.count)
        let header = record.headers.fields[place]
        switch numbers.below(12) {
        case 0: record.headers.fields.remove(at: place)
        case 1: record.headers.fields.append(RecordHeader(name: header.name, value: OddText.make(&numbers)))
        case 2:
            record.headers.fields[place].name = numbers.pick([
                header.name.uppercased(), header.name + " ", "", OddText.make(&numbers, longest: 50),
            ])
        case 3, 4: record.headers.fields[place].value = OddText.make(&numbers)
        case 5, 6: extreme(&record, &numbers)
        case 7: record.key = key(&numbers)
        case 8, 9: record.value = value(&numbers)
        case 10: record.headers.fields += (0..<numbers.below(60)).map { RecordHeader(name: "x\($0)", value: "y") }
        default:
            record.headers.fields[place].value = Oversized.text(numbers.pick([3000, 9000, 30_000]), of: numbers.pick(["x", "|", "é"]))
        }
    }

    /// Sets a time, a version or a number to an extreme value.
    private func extreme(_ record: inout OutgoingRecord, _ numbers: inout SeededNumbers) {
        let names = [
            "ce_time", "ce_deadline", "ce_stateversion", "ce_replypartition", "ce_replyepoch", "ce_replayed", "ce_deadtime", "ce_attempts",
            "ce_httpstatus", "ce_permission",
        ]
        let name = numbers.pick(names)
        let value = numbers.pick([
            "9999-12-31T23:59:59Z", "0000-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:00.000000001Z", "9223372036854775807",
            "-9223372036854775808", "18446744073709551615", "0", "-1", "2147483647", "-2147483648", "1e3", "",
            numbers.pick(OddNumber.samples),
        ])
        record.headers.fields.removeAll { $0.name == name }
        record.headers.fields.append(RecordHeader(name: name, value: value))
    }

    private func key(_ numbers: inout SeededNumbers) -> String? { numbers.chance(30) ? nil : OddText.make(&numbers) }

    private func value(_ numbers: inout SeededNumbers) -> ByteBuffer? {
        switch numbers.below(6) {
        case 0: nil
        case 1: ByteBuffer()
        case 2: ByteBuffer(bytes: numbers.bytes(numbers.below(600)))
        case 3: ByteBuffer(bytes: OddJSON.text(OddJSON.value(&numbers), &numbers))
        case 4: ByteBuffer(string: Oversized.text(numbers.pick([1000, 1000, 70_000, 300_000]), of: "x"))
        default: OddJSON.mutate(SampleObjects(material: material).body(.sessions), &numbers).encoded()
        }
    }
}
