import Encoding
import Kafka
import OCPI
import Synchronization
import Testing
import Topics

@testable import Directory

@Suite struct ObjectPartiesTests {
    private func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }

    @Test func whatOneProcessSawTheOthersKnow() throws {
        let sent = Mutex<[OutgoingRecord]>([])
        let one = ObjectParties(topics: TopicNames()) { record in sent.withLock { $0.append(record) } }
        let object = try #require(ObjectName(.owner, .sessions, "Session-1"))
        one.note(object, try party("DE-CPO"))
        one.note(object, try party("DE-CPO"))
        #expect(one[object] == (try party("DE-CPO")))
        #expect(sent.withLock { $0.count } == 1, "the same again is no news")

        let other = ObjectParties(topics: TopicNames()) { _ in }
        other.apply(
            sent.withLock { $0 }.map {
                IncomingRecord(topic: $0.topic, partition: 0, offset: 0, key: $0.key, value: $0.value, headers: $0.headers)
            })
        #expect(other[try #require(ObjectName(.owner, .sessions, "SESSION-1"))] == (try party("DE-CPO")), "ids compare without case")
        #expect(other[try #require(ObjectName(.customer(of: party("DE-CPO")), .sessions, "Session-1"))] == nil)
    }

    @Test func aTokenThatAnEarlierVersionSawIsFoundUntilItIsSeenAgain() throws {
        let value: JSONValue = ["party": "DE-MSP", "expires": .string(Timestamp.now.adding(milliseconds: 60_000).description)]
        let parties = ObjectParties(topics: TopicNames()) { _ in }
        parties.apply([
            IncomingRecord(
                topic: "", partition: 0, offset: 0, key: "object|owner|tokens|uid-1|DE-MSP", value: value.encoded(),
                headers: RecordHeaders())
        ])
        let token = try #require(ObjectName(.owner, .tokens, "UID-1"))
        #expect(parties[token] == (try party("DE-MSP")))
        #expect(parties[try #require(ObjectName(.owner, .tokens, "UID-1", type: "APP_USER"))] == nil, "it knew of no other type")
        parties.note(token, try party("NL-MSP"))
        #expect(parties[token] == (try party("NL-MSP")))
    }

    @Test func nobodyDrawsToItselfWhatIsForAnotherPartyWithAnObjectOfTheSameID() throws {
        let sent = Mutex<[OutgoingRecord]>([])
        let one = ObjectParties(topics: TopicNames()) { record in sent.withLock { $0.append(record) } }
        let object = try #require(ObjectName(.owner, .tokens, "A|1"))
        one.note(object, try party("DE-MSP"))
        one.note(object, try party("NL-BAD"))
        one.note(object, try party("DE-MSP"))
        #expect(one[object] == nil, "with two parties nobody is meant")
        let records = sent.withLock { $0 }
        #expect(Set(records.map(\.key)).count == 2 && records.count == 2, "compaction keeps both")

        for order in [records, records.reversed()] {
            let other = ObjectParties(topics: TopicNames()) { _ in }
            other.apply(
                order.map {
                    IncomingRecord(topic: $0.topic, partition: 0, offset: 0, key: $0.key, value: $0.value, headers: $0.headers)
                })
            #expect(other[object] == nil)
        }

        // Sessions of two CPOs have nothing to do with each other.
        let mine = try #require(ObjectName(.customer(of: party("DE-CPO")), .sessions, "S1"))
        let theirs = try #require(ObjectName(.customer(of: party("NL-BAD")), .sessions, "S1"))
        one.note(mine, try party("DE-MSP"))
        one.note(theirs, try party("NL-MSP"))
        #expect(one[mine] == (try party("DE-MSP")))
        #expect(one[theirs] == (try party("NL-MSP")))
    }

    @Test func aTokenIsKnownByItsTypeToo() throws {
        let objects = ObjectParties(topics: TopicNames()) { _ in }
        objects.note(try #require(ObjectName(.owner, .tokens, "1")), try party("DE-MSP"))
        objects.note(try #require(ObjectName(.owner, .tokens, "1", type: "APP_USER")), try party("NL-MSP"))
        #expect(objects[try #require(ObjectName(.owner, .tokens, "1", type: "rfid"))] == (try party("DE-MSP")))
        #expect(objects[try #require(ObjectName(.owner, .tokens, "1", type: "app_user"))] == (try party("NL-MSP")))
        #expect(objects[try #require(ObjectName(.owner, .tokens, "1", type: "OTHER"))] == nil)
        // A bar in an id is not the one before the type.
        #expect(ObjectName(.owner, .tokens, "1|RFID") != ObjectName(.owner, .tokens, "1", type: "RFID|RFID"))
    }

    @Test func whatAnEarlierVersionWroteDownCounts() throws {
        let objects = ObjectParties(topics: TopicNames()) { _ in }
        let value: JSONValue = ["party": "DE-CPO", "expires": .string(Timestamp.now.adding(milliseconds: 1000).description)]
        objects.apply([
            IncomingRecord(
                topic: "ocn.links", partition: 0, offset: 0, key: "object|owner|sessions|session-1|DE-CPO", value: value.encoded(),
                headers: RecordHeaders())
        ])
        #expect(objects[try #require(ObjectName(.owner, .sessions, CiString(segment: "Sess%69on-1")))] == (try party("DE-CPO")))
    }

    @Test func onceTheOtherPartyIsForgottenTheObjectIsClearAgain() throws {
        let objects = ObjectParties(topics: TopicNames()) { _ in }
        let object = try #require(ObjectName(.owner, .locations, "L1"))
        objects.note(object, try party("NL-OLD"), now: Timestamp(milliseconds: 0))
        objects.note(object, try party("DE-CPO"), now: Timestamp(milliseconds: 10))
        #expect(objects[object] == nil)
        objects.note(object, try party("DE-CPO"), now: Timestamp(milliseconds: ObjectParties.lifetime + 1))
        #expect(objects[object] == (try party("DE-CPO")))
    }

    @Test func memoryIsBounded() throws {
        let objects = ObjectParties(topics: TopicNames(), maxObjects: 10) { _ in }
        for number in 0..<100 {
            objects.note(
                try #require(ObjectName(.owner, .locations, CiString("L\(number)"))), try party("DE-CPO"),
                now: Timestamp(milliseconds: Int64(number))
            )
        }
        let kept = try (0..<100).filter { objects[try #require(ObjectName(.owner, .locations, CiString("L\($0)")))] != nil }
        #expect(kept == Array(90..<100))
    }

    @Test(arguments: ["", String(repeating: "x", count: 65)]) func namesThatOCPIDoesNotAllowAreNotKept(_ id: String) {
        #expect(ObjectName(.owner, .locations, CiString(id)) == nil)
        #expect(ObjectName(.owner, .tokens, "1", type: CiString(id)) == nil)
    }
}
