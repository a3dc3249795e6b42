import Testing

@testable import TestParties

@Suite struct InboxTests {
    @Test func aWaitEndsWithTheEntryItWaitsFor() async {
        let inbox = Inbox<Int>()
        async let waited = inbox.wait(within: .seconds(10)) { $0.contains(3) }
        for number in 1...5 { inbox.append(number) }
        #expect(await waited?.contains(3) == true)
    }

    @Test func aWaitForWhatIsThereEndsAtOnce() async {
        let inbox = Inbox<Int>()
        inbox.append([1, 2])
        #expect(await inbox.wait(within: .zero) { $0.count == 2 } == [1, 2])
    }

    @Test func aWaitGivesUpAfterItsTime() async {
        let inbox = Inbox<Int>()
        #expect(await inbox.wait(within: .milliseconds(20)) { !$0.isEmpty } == nil)
        inbox.append(1)
        #expect(inbox.entries == [1])
    }

    @Test func aCancelledWaitEnds() async {
        let inbox = Inbox<Int>()
        let task = Task { await inbox.wait(within: .seconds(60)) { !$0.isEmpty } }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test func manyWritersAndWaitersAllEnd() async {
        let inbox = Inbox<Int>()
        await withTaskGroup(of: Bool.self) { group in
            for count in 1...50 {
                group.addTask { await inbox.wait(within: .seconds(20)) { $0.count >= count } != nil }
                group.addTask {
                    inbox.append(count)
                    return true
                }
            }
            for await ended in group { #expect(ended) }
        }
    }

    @Test func theFirstThatFitsAndTheOneAtAPlaceAreAwaited() async {
        let inbox = Inbox<Int>()
        async let fitting = inbox.first(within: .seconds(10)) { $0 > 2 }
        async let second = inbox.entry(1, within: .seconds(10))
        inbox.append(1)
        inbox.append(3)
        inbox.append(4)
        #expect(await fitting == 3)
        #expect(await second == 3)
        inbox.clear()
        #expect(await inbox.entry(0, within: .milliseconds(20)) == nil)
    }
}
