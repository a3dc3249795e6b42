import Kafka
import Synchronization
import Testing

@Suite struct KafkaAvailabilityTests {
    private let start = ContinuousClock.now

    @Test func anOutageLastsFromWhenItIsKnownUntilItEnds() {
        let availability = KafkaAvailability()
        #expect(availability.outage == nil && !availability.wasAway(since: start))
        availability.began("no broker answers", at: start)
        availability.began("a topic is missing", at: start + .seconds(5))
        #expect(availability.outage?.reason == "a topic is missing" && availability.outage?.since == start)
        availability.ended(at: start + .seconds(9))
        #expect(availability.outage == nil)
        #expect(availability.wasAway(since: start + .seconds(9)) && !availability.wasAway(since: start + .seconds(10)))
        availability.ended(at: start + .seconds(20))
        #expect(!availability.wasAway(since: start + .seconds(10)), "nothing ended")
    }

    @Test func observersHearOncePerOutage() {
        let availability = KafkaAvailability()
        let heard = Atomic(0)
        availability.whenItBegins { heard.add(1, ordering: .relaxed) }
        availability.began("a")
        availability.began("b")
        availability.ended()
        availability.began("c")
        #expect(heard.load(ordering: .relaxed) == 2)
    }

    @Test(.timeLimit(.minutes(1))) func whoWaitsForAnAnswerIsToldWhenAnOutageBegins() async {
        let availability = KafkaAvailability()
        #expect(await availability.answer { $0(1) } == 1)
        let late: Int? = await availability.answer { answer in
            availability.began("no broker answers")
            answer(2)
        }
        #expect(late == nil, "the first thing that happened counts")
        let asked = Atomic(0)
        let refused: Int? = await availability.answer { _ in asked.add(1, ordering: .relaxed) }
        #expect(refused == nil && asked.load(ordering: .relaxed) == 0, "nothing is asked during an outage")
        availability.ended()
        #expect(await availability.answer { $0(3) } == 3)
    }
}
