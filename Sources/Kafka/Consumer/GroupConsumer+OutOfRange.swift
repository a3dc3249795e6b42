import CLibrdkafka
import Instruments
import Logging
import Synchronization

// What a group consumer does when a position is not in the log: retention was faster than we, or the topic was made anew. Never a jump that
// nobody hears of, and never to the end. Runs on the poll thread; Kafka is asked on another.
extension GroupConsumer {
    /// librdkafka has stopped reading this partition.
    func outOfRangeSince(_ partition: TopicPartition) {
        guard let epoch = progress.withLock({ $0.epoch(of: partition) }) else { return }
        outOfRange.withLock { $0.add(partition, epoch: epoch, at: .now) }
    }

    /// Asks where the partitions are that cannot be read on. The answers come as commands.
    func askForOutOfRange() {
        for (partition, epoch) in outOfRange.withLock({ $0.due(at: .now) }) {
            guard let position = progress.withLock({ $0.position(of: partition, epoch: epoch) }) else { continue }
            do throws(KafkaError) {
                try queries.enqueue("log bounds") {
                    self.command(.found(partition, epoch: epoch, self.logBounds(of: partition, isKnown: position != .min)))
                }
            } catch {
                // No thread, or stopping.
                outOfRange.withLock { $0.add(partition, epoch: epoch, at: .now) }
            }
        }
    }

    private func logBounds(of partition: TopicPartition, isKnown: Bool) -> Result<LogBounds, KafkaError> {
        let commits = isKnown ? .success([]) : withHandle { rk in GroupConsumer.committed(rk, [partition], milliseconds: 3000) }
        let logs = kafka.questions.use(kafka, log) { rk in OffsetRequests.watermarks(rk, [partition], milliseconds: 3000) }
        guard let commits, let logs else { return .failure(.closed("log bounds")) }
        return commits.flatMap { commits in
            logs.flatMap { found in
                guard let log = found[partition] else { return .failure(KafkaError("log bounds", RD_KAFKA_RESP_ERR__TIMED_OUT)) }
                return .success(LogBounds(log: log, committed: commits.first))
            }
        }
    }

    /// Reads on where the log is.
    func fetchBack(_ rk: OpaquePointer, _ partition: TopicPartition, _ epoch: UInt64, _ answer: Result<LogBounds, KafkaError>) {
        guard let position = progress.withLock({ $0.position(of: partition, epoch: epoch) }) else { return }
        let logBounds: LogBounds
        switch answer {
        case .success(let found): logBounds = found
        case .failure(let error):
            failed(error)
            return outOfRange.withLock { $0.add(partition, epoch: epoch, at: .now) }
        }
        switch logBounds.recovery(from: position) {
        case .goOn(let offset):
            goOn(rk, partition, at: offset)
        case .skip(let gone):
            tell(partition, gone, "records lost: deleted before they were read")
            goOn(rk, partition, at: gone.upperBound)
        case .beginAgain(let offset, let gone):
            tell(partition, gone, "records lost: the log ends before the offset the group had reached")
            beginAgain(rk, [CommitOffset(topic: partition.topic, partition: partition.partition, offset: offset)], insists: true)
        case .resume(let commit):
            handler.revoked([partition], lost: false)
            assignAnew(rk, [commit])
            setReading(rk, partition, paused: false)
            announce([GroupProgress.Start(commit)])
        }
    }

    /// The same assignment: what is under way of the records before may still end, and is not done twice.
    private func goOn(_ rk: OpaquePointer, _ partition: TopicPartition, at offset: Int64) {
        let isPaused = progress.withLock { progress in
            progress.skip(partition, to: offset)
            return progress.isReadingPaused(partition)
        }
        assignAnew(rk, [CommitOffset(topic: partition.topic, partition: partition.partition, offset: offset)])
        setReading(rk, partition, paused: isPaused)
    }

    private func tell(_ partition: TopicPartition, _ gone: Range<Int64>, _ what: Logger.Message) {
        metrics.lost.increment(by: Int(clamping: gone.upperBound - gone.lowerBound))
        log.logger.critical(
            what,
            metadata: [
                "group": "\(settings.group)", "partition": "\(partition)", "from": "\(gone.lowerBound)", "to": "\(gone.upperBound - 1)",
            ])
        handler.lost(partition, gone)
    }
}
