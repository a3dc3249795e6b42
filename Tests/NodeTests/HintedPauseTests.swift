import Testing

@testable import Node

struct HintedPauseTests {
    @Test(.timeLimit(.minutes(5))) func aHintEndsAPauseThatHasBegunOrIsTheNext() async {
        let pause = HintedPause()
        pause.hint()
        #expect(await pause.wait(for: .seconds(600)), "a hint before the pause")
        async let isHinted = pause.wait(for: .seconds(600))
        pause.hint()
        #expect(await isHinted, "a hint at any moment of it")
    }

    /// A pause that has ended, in any way, must not shorten the next one.
    @Test(.timeLimit(.minutes(5))) func eachPauseIsAsLongAsTheFirst() async {
        let pause = HintedPause()
        let time = Duration.milliseconds(50)
        for round in 0..<4 {
            if round == 2 { pause.hint() }
            let began = ContinuousClock.now
            let isHinted = await pause.wait(for: time)
            #expect(isHinted == (round == 2))
            if !isHinted { #expect(ContinuousClock.now - began >= time, "round \(round)") }
        }
    }
}
