import Testing

@testable import Kafka

@Suite struct GroupProgressTests {
    private let partition = TopicPartition(topic: "t", partition: 0)

    private func commit(_ offset: Int64, _ metadata: String? = nil) -> CommitOffset {
        CommitOffset(topic: "t", partition: 0, offset: offset, metadata: metadata)
    }

    private func start(_ offset: Int64, _ metadata: String? = nil) -> GroupProgress.Start { GroupProgress.Start(commit(offset, metadata)) }

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
        // This pause was requested under the earlier assignment; its requester will not ask for reading to resume.
        #expect(progress.setPaused(partition, true, epoch: old) == nil)
        #expect(progress.setPaused(partition, false, epoch: new) == false)
    }

    @Test("Scenario 4: intake stops while a commit's metadata is nearly full")
    func intakeStopsWhileTheMetadataIsFullAndNotBecauseTheHandlerGoesOn() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(0)])
        #expect(progress.setMetadata(partition, length: 3000) == nil)
        #expect(progress.setMetadata(partition, length: 4000) == true)
        #expect(progress.setPaused(partition, false, epoch: epoch) == true)
        #expect(progress.setMetadata(partition, length: 3000) == nil)
        #expect(progress.setMetadata(partition, length: 2000) == false)
    }

    /// All records handed out may be finished there: if reading stopped, the set could never shrink.
    @Test func intakeDoesNotStopWhereAnEarlierOwnerHasReadBefore() {
        let ahead = FinishedAhead(base: 0, runs: [5...6, 8...8])
        var progress = GroupProgress()
        let epoch = progress.assign([start(0, ahead.text)])
        _ = progress.begin(records(0..<7, epoch: epoch))
        #expect(progress.setMetadata(partition, length: 4000) == nil)
        _ = progress.begin(records(7..<9, epoch: epoch))
        #expect(progress.setMetadata(partition, length: 4000) == true)
    }

    /// An answer to a commit of an earlier assignment may come before any record was read under the present one.
    @Test("Scenario 2: nothing is committed before something has begun")
    func nothingIsCommittedBeforeSomethingHasBegun() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(.min)])
        progress.refused(partition)
        #expect(progress.takeChanges(nil, withFinishedAhead: true).isEmpty)
        _ = progress.begin(records(7..<8, epoch: epoch))
        #expect(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit.offset) == [7])
    }

    @Test func aDemandedCommitIsMadeWhereNothingHasChangedUnlessNothingWasEverCommitted() {
        var progress = GroupProgress()
        for untouched: Int64 in [0, 12] {
            _ = progress.assign([start(untouched)])
            #expect(progress.takeChanges(nil, withFinishedAhead: true).isEmpty)
            progress.demandCommit(of: [partition], now: false)
            #expect(progress.request(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit)) == [commit(untouched)])
            #expect(progress.takeChanges(nil, withFinishedAhead: true).isEmpty, "once")
        }
        let epoch = progress.assign([start(-1)])
        progress.demandCommit(of: [partition], now: false)
        #expect(progress.takeChanges(nil, withFinishedAhead: true).isEmpty)
        _ = progress.begin(records(7..<8, epoch: epoch))
        #expect(progress.request(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit)) == [commit(7)])
    }

    @Test func anUrgentCommitIsSentOnceAndItsAnswerIsWaitedFor() {
        var progress = GroupProgress()
        var taken = [progress.takeUrgency()]
        progress.demandCommit(of: [partition], now: false)
        taken.append(progress.takeUrgency())
        #expect(!progress.isCommitUrgent)
        progress.demandCommit(of: [partition], now: true)
        for _ in 0..<2 { taken.append(progress.takeUrgency()) }
        #expect(progress.isCommitUrgent)
        // Requested again meanwhile: the answer to the first request does not clear that.
        progress.demandCommit(of: [partition], now: true)
        progress.commitAnswered()
        taken.append(progress.takeUrgency())
        progress.commitAnswered()
        #expect(taken == [false, false, true, false, true] && !progress.isCommitUrgent)
    }

    @Test func whatKafkaCouldNotBeAskedAboutIsNotTakenForUntouched() {
        #expect(ConsumerPollLoop.known([commit(.min), commit(-1001), commit(3)]) == [commit(-1), commit(3)])
    }

    // MARK: reading that rests while nothing can be committed

    @Test func readingRestsFromARefusedCommitToTheNextThatIsTaken() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(0)])
        _ = progress.begin(records(0..<3, epoch: epoch))
        _ = progress.finish(partition, 0, epoch: epoch)
        let first = progress.request(progress.takeChanges(nil, withFinishedAhead: false).map(\.commit))
        #expect(first == [commit(1)])
        progress.refused(partition)
        #expect(progress.setUncommitted(partition, true) == true)
        #expect(progress.setUncommitted(partition, true) == nil)
        // It stays paused whatever else changes.
        #expect(progress.setPaused(partition, false, epoch: epoch) == true)
        #expect(progress.setMetadata(partition, length: 0) == nil)
        #expect(progress.readings[partition]?.isPaused == false, "a stall if it lasts")
        // The same commit is requested again, although nothing has changed, and its answer ends the pause.
        #expect(progress.request(progress.takeChanges(nil, withFinishedAhead: false).map(\.commit)) == first)
        #expect(progress.takeChanges(nil, withFinishedAhead: false).isEmpty)
        #expect(progress.setUncommitted(partition, false) == false)
        #expect(!progress.isReadingPaused(partition))
    }

    /// Without a commit to repeat, the pause would never end.
    @Test func readingDoesNotRestWhereThereIsNothingToCommit() {
        var progress = GroupProgress()
        _ = progress.assign([start(5)])
        progress.refused(partition)
        #expect(progress.setUncommitted(partition, true) == nil)
        #expect(progress.setUncommitted(TopicPartition(topic: "other", partition: 0), true) == nil)
    }

    @Test func readingDoesNotRestUnderANewAssignment() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(0)])
        _ = progress.begin(records(0..<1, epoch: epoch))
        #expect(progress.setUncommitted(partition, true) == true)
        _ = progress.assign([start(0)])
        #expect(!progress.isReadingPaused(partition))
    }

    /// At offset 0 without metadata, which looks like a partition without any requested commit.
    @Test func aRefusedCommitIsAskedForAgainWhateverItSays() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(-1)])
        _ = progress.begin(records(0..<1, epoch: epoch))
        #expect(progress.request([commit(0)]).isEmpty)
        progress.refused(partition)
        #expect(progress.request([commit(0)]) == [commit(0)])
        #expect(progress.request([commit(0)]).isEmpty)
    }

    // MARK: a log that is no longer where it was

    @Test func positionsAreWhereReadingGoesOn() {
        var progress = GroupProgress()
        for untouched: Int64 in [.min, -1, 0, 12] {
            _ = progress.assign([start(untouched)])
            #expect(progress.positions == [commit(untouched)])
            #expect(progress.starts(of: [partition]).map(\.commit) == [commit(untouched)])
        }
        let epoch = progress.assign([start(-1)])
        _ = progress.begin(records(4..<6, epoch: epoch))
        #expect(progress.position(of: partition, epoch: epoch) == 6)
        #expect(progress.position(of: partition, epoch: epoch - 1) == nil)
    }

    @Test func offsetsThatAreGoneArePassedOverAndCommitted() {
        var progress = GroupProgress()
        _ = progress.assign([start(5)])
        progress.skip(partition, to: 100)
        #expect(progress.takeChanges(nil, withFinishedAhead: true).map(\.commit) == [commit(100)])
        #expect(progress.positions == [commit(100)])
    }

    /// A restart that Kafka refuses must not repeat the records finished ahead.
    @Test func aBeginningInsteadOfTheOneThatWasRefusedKeepsWhatIsFinishedAhead() {
        var progress = GroupProgress()
        let epoch = progress.assign([start(0)])
        _ = progress.begin(records(0..<4, epoch: epoch))
        for offset: Int64 in [0, 2, 3] { _ = progress.finish(partition, offset, epoch: epoch) }
        let again = progress.assign(progress.starts(of: [partition]))
        #expect(progress.begin(records(1..<6, epoch: again)).map(\.offset) == [1, 4, 5])
    }
}
