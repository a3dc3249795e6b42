import Testing

@testable import Demo

@Suite struct JournalTests {
    @Test func aWaitEndsWithTheEntryItWaitsFor() async {
        let journal = Journal<Int>()
        async let waited = journal.wait(timeout: .seconds(10)) { $0.contains(3) }
        for number in 1...5 { journal.append(number) }
        #expect(await waited?.contains(3) == true)
    }

    @Test func aWaitForWhatIsThereEndsAtOnce() async {
        let journal = Journal<Int>()
        journal.append([1, 2])
        #expect(await journal.wait(timeout: .zero) { $0.count == 2 } == [1, 2])
    }

    @Test func aWaitGivesUpAfterItsTime() async {
        let journal = Journal<Int>()
        #expect(await journal.wait(timeout: .milliseconds(20)) { !$0.isEmpty } == nil)
        journal.append(1)
        #expect(journal.entries == [1])
    }

    @Test func aCancelledWaitEnds() async {
        let journal = Journal<Int>()
        let task = Task { await journal.wait(timeout: .seconds(60)) { !$0.isEmpty } }
        task.cancel()
        #expect(await task.value == nil)
    }

    @Test func manyWritersAndWaitersAllEnd() async {
        let journal = Journal<Int>()
        await withTaskGroup(of: Bool.self) { group in
            for count in 1...50 {
                group.addTask { await journal.wait(timeout: .seconds(20)) { $0.count >= count } != nil }
                group.addTask {
                    journal.append(count)
                    return true
                }
            }
            for await ended in group { #expect(ended) }
        }
    }
}
