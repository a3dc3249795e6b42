import Encoding
import Kafka
import NIOCore
import OCPI
import Operations
import Testing
import Topics

@testable import ocn

@Suite struct DeadTextTests {
    private let topics = TopicNames(prefix: "t.")
    private let filtered = DeadLetterFilter(cause: "expired")

    @Test func anEmptyListSaysWhatThereIsInstead() throws {
        #expect(DeadText.nothing(in: DeadLetterIndex(), DeadLetterFilter()) == "There are no dead letters.")
        #expect(DeadText.nothing(in: DeadLetterIndex(), filtered) == "There are no dead letters.")
        let resolved = try index(open: [], resolved: ["a", "b"])
        #expect(
            DeadText.nothing(in: resolved, filtered)
                == "No dead letter is open: all 2 are resolved (replayed or discarded); --resolved shows them.")
        #expect(
            DeadText.nothing(in: try index(open: ["c"], resolved: ["a"]), filtered)
                == "None of 1 open dead letters matches; 1 are resolved (replayed or discarded); --resolved shows them.")
        #expect(DeadText.nothing(in: try index(open: ["c", "d"], resolved: []), filtered) == "None of 2 open dead letters matches.")
        var all = filtered
        all.includesResolved = true
        #expect(DeadText.nothing(in: try index(open: ["c"], resolved: ["a"]), all) == "None of 2 dead letters matches.")
    }

    @Test func aCopyThatIsNamedMustBeThereAndMayBeResolvedTheSameWayTwice() throws {
        let index = try index(open: ["c"], resolved: ["a"])
        func act(_ kind: DeadResolution.Kind, _ id: String?, recipient: String? = nil) throws -> String {
            try DeadText.nothingToDo(kind, in: index, DeadLetterFilter(recipient: recipient.flatMap { PartyID($0) }, copyID: id))
        }
        for kind in [DeadResolution.Kind.replayed, .discarded] {
            #expect {
                _ = try act(kind, "nobody\u{1B}")
            } throws: {
                "\($0)".hasPrefix("there is no dead letter of copy 'nobody\\u{1b}'. Nothing was \(kind.rawValue).")
            }
        }
        #expect(try act(.discarded, "a") == "copy 'a' was discarded at 1970-01-01T00:00:00.100Z by anna. Nothing was discarded again.")
        #expect { _ = try act(.replayed, "a") } throws: { "\($0)".hasSuffix("by anna. Nothing was replayed.") }
        #expect { _ = try act(.replayed, "c", recipient: "NL-TAX") } throws: { "\($0)".contains("the other filters") }
        #expect(
            try act(.replayed, nil)
                == "Nothing was replayed. None of 1 open dead letters matches; 1 are resolved (replayed or discarded); --resolved shows them."
        )
    }

    /// Dead letters of these copies.
    private func index(open: [String], resolved: [String]) throws -> DeadLetterIndex {
        var index = DeadLetterIndex()
        let sender = try #require(PartyID("DE-CPO"))
        let service = try #require(PartyID("DE-BIL"))
        let everything = try #require(Permission(rawValue: 0))
        for (offset, id) in (open + resolved).enumerated() {
            let request = RequestRecord(
                id: "request", time: Timestamp(milliseconds: 0), module: .cdrs, interface: .receiver, method: .post, version: .v2_2_1,
                from: sender, to: sender, path: "", requestID: "req", correlationID: "corr", stateVersion: 1,
                contentType: "application/json", body: ByteBuffer(string: "{}"), key: "k")
            let dead = DeadRecord(
                copy: CopyRecord(of: request, id: id, for: service, permission: everything), cause: "rejected", attempts: 1,
                lastHTTPStatus: nil,
                lastStatus: nil, diedAt: Timestamp(milliseconds: 1))
            index.add(incoming(dead.outgoing(to: topics), Int64(offset)))
            guard resolved.contains(id) else { continue }
            let resolution = DeadResolution(
                partition: 0, offset: Int64(offset), copyID: id, kind: .discarded, at: Timestamp(milliseconds: 100), by: "anna")
            index.add(incoming(resolution.outgoing(to: topics, key: nil), Int64(offset + 1000)))
        }
        #expect(index.unreadable == 0 && index.count == open.count + resolved.count)
        return index
    }

    private func incoming(_ record: OutgoingRecord, _ offset: Int64) -> IncomingRecord {
        IncomingRecord(
            topic: record.topic, partition: 0, offset: offset, key: record.key, value: record.value, headers: record.headers)
    }
}
