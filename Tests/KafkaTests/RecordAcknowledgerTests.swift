import Testing

@testable import Kafka

/// What a handler reports, as its consumer sees it.
@Suite struct RecordAcknowledgerTests {
    private let partitions = (0..<2).map { TopicPartition(topic: "t", partition: $0) }

    /// Ten records of each partition, begun.
    private func begun(_ acknowledger: RecordAcknowledger) -> [IncomingRecord] {
        acknowledger.state.progress.withLock { progress in
            let starts = partitions.map { CommitOffset(topic: $0.topic, partition: $0.partition, offset: 0) }
            let epoch = progress.assign(starts.map { GroupProgress.Start($0) })
            return progress.begin(
                partitions.flatMap { partition in
                    (0..<10).map { IncomingRecord(topic: "t", partition: partition.partition, offset: $0, value: nil, epoch: epoch) }
                })
        }
    }

    private func progress<Value>(_ acknowledger: RecordAcknowledger, _ body: (GroupProgress) -> Value) -> Value {
        acknowledger.state.progress.withLock { body($0) }
    }

    @Test func aBatchOfSeveralPartitionsAndEpochsEndsRecordByRecord() {
        let acknowledger = RecordAcknowledger()
        let records = begun(acknowledger)
        var late = records[9]
        late.epoch += 1
        acknowledger.finished(records.filter { $0.offset < 7 } + [late, records[0]])
        for partition in partitions {
            #expect(progress(acknowledger) { $0.commitPoint(partition) } == 7)
            #expect(progress(acknowledger) { $0.unfinished([partition]) } == 3)
        }
        #expect(progress(acknowledger) { $0.dropped } == 2, "another epoch, and one that had ended")
        acknowledger.finished([])
        acknowledger.finished(partitions[0], offset: 7, epoch: records[7].epoch)
        #expect(progress(acknowledger) { $0.commitPoint(partitions[0]) } == 8)
    }

    @Test func whatIsAbandonedIsNotWaitedForAndNotCommitted() {
        let acknowledger = RecordAcknowledger()
        let records = begun(acknowledger)
        acknowledger.finished(records.filter { $0.offset != 4 && $0.offset != 5 })
        #expect(progress(acknowledger) { !$0.isIdle(partitions) })
        acknowledger.abandoned(records.filter { $0.offset == 4 })
        #expect(progress(acknowledger) { !$0.isIdle(partitions) })
        acknowledger.abandoned(partitions[0], records: 1, epoch: records[0].epoch)
        acknowledger.abandoned(partitions[1], records: 1, epoch: records[0].epoch + 1)
        #expect(progress(acknowledger) { $0.isIdle([partitions[0]]) && !$0.isIdle([partitions[1]]) })
        #expect(progress(acknowledger) { $0.commitPoint(partitions[0]) } == 4)
    }

    @Test func theLastEndOfABatchWakesADrainThatWaits() async throws {
        let acknowledger = RecordAcknowledger()
        let records = begun(acknowledger)
        let thread = BlockingThread("drains")
        let isWaiting = Observed(false)
        async let isDrained = thread.run("drain") { [partitions] () throws(KafkaError) in
            acknowledger.state.progress.wait(until: Deadline(after: .seconds(30))) { progress -> Bool? in
                progress.isDraining = true
                isWaiting.update { $0 = true }
                return progress.isIdle(partitions) ? true : nil
            }
        }
        #expect(await isWaiting.wait { $0 })
        acknowledger.finished(records.filter { $0.partition == 0 })
        acknowledger.abandoned(records.filter { $0.partition == 1 })
        #expect(try await isDrained == true)
        await thread.stop()
    }
}
