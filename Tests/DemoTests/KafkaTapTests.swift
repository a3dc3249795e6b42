import Encoding
import Testing

@testable import Demo

@Suite struct KafkaTapTests {
    private func crossing(
        _ kind: Crossing.Kind, node: Int, id: String, correlation: String? = nil, replyTo: String? = nil, local: Bool = true, at time: Int64
    ) -> Crossing {
        Crossing(
            node: node, kind: kind, topic: "t", partition: 0, offset: 0, key: nil, id: id, type: nil, source: nil,
            correlationID: correlation, replyTo: replyTo, isLocal: local, produced: Timestamp(milliseconds: time),
            seen: Timestamp(milliseconds: time))
    }

    @Test func aTrailHasTheRepliesToItsRequestsInTheOrderOfTheWay() {
        let seen = [
            crossing(.reply, node: 0, id: "a.reply", replyTo: "a", at: 7), crossing(.reply, node: 1, id: "b.reply", replyTo: "b", at: 7),
            crossing(.request, node: 1, id: "b", correlation: "c", local: false, at: 5),
            crossing(.request, node: 0, id: "a", correlation: "c", at: 5),
            crossing(.copy, node: 0, id: "copy", correlation: "c", at: 6),
            crossing(.request, node: 0, id: "x", correlation: "other", at: 1),
            crossing(.reply, node: 0, id: "x.reply", replyTo: "x", at: 2),
        ]
        #expect(KafkaTap.trail(of: "c", in: seen).map(\.id) == ["a", "b", "copy", "b.reply", "a.reply"])
    }
}
