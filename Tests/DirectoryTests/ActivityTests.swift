import Encoding
import OCPI
import Synchronization
import Testing

@testable import Directory

@Suite struct ActivityTests {
    let interval = Duration.seconds(60)

    @Test func thePlatformThatWasHeardOfLaterCountsWhateverTheOrderOfTheNotes() {
        let activity = Activity()
        #expect(activity.lastHeard("p1") == nil)
        activity.note("p1", now: time(5))
        activity.note("p1", now: time(3))
        #expect(activity.lastHeard("p1") == time(5) && activity.lastHeard("p2") == nil)
    }

    @Test(arguments: [PlatformStatus.offline, .planned, .suspended])
    func aPlatformThatIsNotConnectedIsAtOnce(status: PlatformStatus) {
        let activity = Activity()
        activity.note("p1", now: time(1_001))
        let directory = directory([registered("p1"), .status(platform: "p1", status, time(1_000))])
        #expect(activity.due(in: directory, now: time(1_002), interval: interval) == [connected("p1", 1_001)])
        #expect(activity.due(in: directory, now: time(1_003), interval: interval).isEmpty, "told once per sign")
    }

    @Test func aSignOfLifeThatIsOlderThanTheOfflineRecordStillConnectsWithTheLaterTime() {
        let activity = Activity()
        activity.note("p1", now: time(900))
        let directory = directory([registered("p1"), .status(platform: "p1", .offline, time(1_000))])
        #expect(activity.due(in: directory, now: time(1_001), interval: interval) == [connected("p1", 1_000)])
    }

    @Test func aConnectedPlatformIsWrittenOncePerIntervalAtMost() {
        let activity = Activity()
        let directory = directory([registered("p1"), .status(platform: "p1", .connected, time(1_000))])
        activity.note("p1", now: time(60_999))
        #expect(activity.due(in: directory, now: time(61_000), interval: interval).isEmpty)
        activity.note("p1", now: time(61_000))
        #expect(activity.due(in: directory, now: time(61_000), interval: interval) == [connected("p1", 61_000)])
        #expect(activity.lastHeard("p1") == time(61_000))
    }

    @Test func onlyRegisteredPlatformsAreWrittenAndOthersAreForgotten() {
        let activity = Activity()
        for platform in ["p1", "invited", "unknown"] { activity.note(platform, now: time(5)) }
        let directory = directory([registered("p1"), .platform(Platform(id: "invited", tokenAHash: "a"))])
        #expect(activity.due(in: directory, now: time(6), interval: interval) == [connected("p1", 5)])
        #expect(activity.lastHeard("p1") == time(5))
        #expect(activity.lastHeard("invited") == nil && activity.lastHeard("unknown") == nil)
    }

    @Test func noTimeInTheFutureIsWritten() {
        let activity = Activity()
        activity.note("p1", now: time(9_000))
        #expect(activity.due(in: directory([registered("p1")]), now: time(7), interval: interval) == [connected("p1", 7)])
    }

    @Test(.timeLimit(.minutes(5))) func theRunnerWritesSoonTriesAgainAfterAFailureAndEndsWhenCancelled() async throws {
        let activity = Activity()
        let directory = directory([registered("p1"), .status(platform: "p1", .offline, time(1))])
        let calls = Count()
        let failures = Count()
        let (written, writes) = AsyncStream<[FactChange]>.makeStream()
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await activity.run(
                    interval: .seconds(60), directory: { directory },
                    write: { (changes) throws(StateError) in
                        if calls.next() == 1 { throw StateError(description: "refused by the test") }
                        writes.yield(changes)
                    }, retryAfter: .zero, onFailure: { _ in _ = failures.next() })
            }
            activity.note("p1", now: time(2))
            var first: [FactChange]?
            for await changes in written {
                first = changes
                break
            }
            #expect(first == [connected("p1", 2)])
            group.cancelAll()
        }
        #expect(calls.next() == 3 && failures.next() == 2)
    }

    private func time(_ milliseconds: Int64) -> Timestamp { Timestamp(milliseconds: milliseconds) }
    private func connected(_ platform: String, _ milliseconds: Int64) -> FactChange {
        .put(.status(platform: platform, .connected, time(milliseconds)))
    }
    private func registered(_ id: String) -> Fact { .platform(Platform(id: id, tokenCHashes: ["hash of \(id)"])) }
    private func directory(_ facts: [Fact]) -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        for fact in facts { directory.apply(key: fact.key, fact) }
        return directory
    }
}

/// Counts from one.
private final class Count: Sendable {
    private let count = Mutex(0)

    func next() -> Int {
        count.withLock { count in
            count += 1
            return count
        }
    }
}
