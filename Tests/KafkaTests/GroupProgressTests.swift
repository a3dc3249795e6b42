import Testing

@testable import Kafka

@Suite struct GroupProgressTests {
    private let partition = TopicPartition(topic: "t", partition: 0)

    private func start(_ offset: Int64, _ metadata: String? = nil) -> CommitOffset {
        CommitOffset(topic: "t", partition: 0, offset: offset, metadata: metadata)
    }

    private func records(_ offsets: Range<Int64>, epoch: UInt64) -> [IncomingRecord] {
        offsets.map {
            IncomingRecord(topic: "t", partition: 0, offset: $0, timestamp: 0, key: nil, value: nil, headers: RecordHeaders(), epoch: epoch)
        }
    }

    @Test func aNewOwnerSkipsWhatIsFinishedAndCommitsItAgain() throws {
        let ahead = FinishedAhead(base: 10, runs: [12...13, 15...15])
        var progress = GroupProgress()
        let epoch = progress.assign([start(10, ahead.text)])
        #expect(progress.begin(records(10..<14, epoch: epoch)).map(\.offset) == [10, 11])
        // 15 is not read yet, and still finished.
        #expect(progress.takeChanges(nil, withFinishedAhead: true).map(\.finishedAhead) == [ahead])
        #expect(progress.begin(records(14..<17, epoch: epoch)).map(\.offset) == [14, 16])
        for offset: Int64 in [10, 11, 14, 16] { _ = progress.finish(partition, offset, epoch: epoch) }
        #expect(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit.offset) == [17])
        #expect(progress.skipped == 3)
    }

    @Test func aWishToPauseEndsWithItsAssignment() {
        var progress = GroupProgress()
        let old = progress.assign([start(0)])
        #expect(progress.setPaused(partition, true, epoch: old) == true)
        let new = progress.assign([start(0)])
        // On its way when the assignment changed: whoever asked for it will not ask for reading to go on.
        #expect(progress.setPaused(partition, true, epoch: old) == nil)
        #expect(progress.setPaused(partition, false, epoch: new) == false)
    }

    @Test func intakeStopsWhileTheMetadataIsFullAndNotBecauseTheHandlerGoesOn() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(0)])
        #expect(progress.setMetadata(partition, length: 3000) == nil)
        #expect(progress.setMetadata(partition, length: 4000) == true)
        #expect(progress.setPaused(partition, false, epoch: epoch) == true)
        #expect(progress.setMetadata(partition, length: 3000) == nil)
        #expect(progress.setMetadata(partition, length: 2000) == false)
    }

    /// All that was handed out may be finished there: if reading stopped, nothing would ever make the set smaller.
    @Test func intakeDoesNotStopWhereAnEarlierOwnerHasReadBefore() {
        let ahead = FinishedAhead(base: 0, runs: [5...6, 8...8])
        var progress = GroupProgress()
        let epoch = progress.assign([start(0, ahead.text)])
        _ = progress.begin(records(0..<7, epoch: epoch))
        #expect(progress.setMetadata(partition, length: 4000) == nil)
        _ = progress.begin(records(7..<9, epoch: epoch))
        #expect(progress.setMetadata(partition, length: 4000) == true)
    }

    /// An answer to a commit of an earlier assignment may come when nothing has been read under the present one.
    @Test func nothingIsCommittedBeforeSomethingHasBegun() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(.min)])
        progress.refused(partition)
        #expect(progress.takeChanges(nil, withFinishedAhead: true).isEmpty)
        _ = progress.begin(records(7..<8, epoch: epoch))
        #expect(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit.offset) == [7])
    }

    @Test func whatKafkaCouldNotBeAskedAboutIsNotTakenForUntouched() {
        #expect(GroupConsumer.known([start(.min), start(-1001), start(3)]) == [start(-1), start(3)])
    }
}
