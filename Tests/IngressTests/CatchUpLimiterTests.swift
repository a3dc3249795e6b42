import NIOCore
import Testing

@testable import Ingress

@Suite struct CatchUpLimiterTests {
    @Test func permitsComeBackWithTime() async {
        let start = NIODeadline.now()
        let catchUpLimiter = CatchUpLimiter(perSecond: 2, now: start)
        let times: [(Int64, CatchUpLimiter.Outcome)] = [
            (0, .fresh), (0, .fresh), (499, .refused), (500, .fresh), (501, .refused), (60_000, .fresh), (60_000, .fresh),
            (60_000, .refused),
        ]
        for (milliseconds, expected) in times {
            #expect(await catchUpLimiter.run(now: start + .milliseconds(milliseconds)) {} == expected)
        }
    }

    @Test func callersThatArriveMeanwhileWaitForTheRunningRead() async {
        // The time does not advance, so a caller that arrived after the end of the first read would get no permit, and not read either.
        let start = NIODeadline.now()
        let catchUpLimiter = CatchUpLimiter(perSecond: 1, now: start)
        let asked = Shared(0)
        let isOpen = Shared(false)
        await withTaskGroup(of: CatchUpLimiter.Outcome.self) { group in
            group.addTask {
                await catchUpLimiter.run(now: start) {
                    asked.withLock { $0 += 1 }
                    while !isOpen.withLock({ $0 }) { await Task.yield() }
                }
            }
            while asked.withLock({ $0 }) == 0 { await Task.yield() }
            for _ in 0..<20 {
                group.addTask { await catchUpLimiter.run(now: start) { asked.withLock { $0 += 1 } } }
            }
            isOpen.withLock { $0 = true }
            var outcomes: [CatchUpLimiter.Outcome] = []
            for await outcome in group { outcomes.append(outcome) }
            #expect(outcomes.count(where: { $0 == .fresh }) == 1)
        }
        #expect(asked.withLock { $0 } == 1)
    }
}
