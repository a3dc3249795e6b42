import CLibrdkafka
import Instruments
import Logging

// Handles a position that is not in the log, because retention deleted unread records or the topic was created again. Reading never skips
// silently and never jumps to the end. The query to Kafka runs on another thread.
extension ConsumerPollLoop {
    /// Notes that librdkafka has stopped reading this partition.
    func outOfRangeSince(_ partition: TopicPartition) {
        guard let epoch = progress.withLock({ $0.epoch(of: partition) }) else { return }
        outOfRange.add(partition, epoch: epoch, at: .now)
    }

    /// Queries the log bounds of the partitions that cannot be read. The answers arrive as commands.
    func askForOutOfRange() {
        for (partition, epoch) in outOfRange.due(at: .now) {
            guard let position = progress.withLock({ $0.position(of: partition, epoch: epoch) }) else { continue }
            do throws(KafkaError) {
                try context.queries.enqueue("log bounds") { [questions = context.questions, state] in
                    let found = questions.logBounds(of: partition, isKnown: position != .min)
                    state.command(.logBoundsFound(partition, epoch: epoch, found))
                }
            } catch {
                // No thread available, or the consumer is stopping.
                outOfRange.add(partition, epoch: epoch, at: .now)
            }
        }
    }

    /// Continues reading at a position that the log contains.
    func fetchBack(_ partition: TopicPartition, _ epoch: UInt64, _ answer: Result<LogBounds, KafkaError>) {
        guard let position = progress.withLock({ $0.position(of: partition, epoch: epoch) }) else { return }
        let logBounds: LogBounds
        switch answer {
        case .success(let found): logBounds = found
        case .failure(let error):
            context.failed(error)
            return outOfRange.add(partition, epoch: epoch, at: .now)
        }
        switch logBounds.recovery(from: position) {
        case .goOn(let offset):
            goOn(partition, at: offset)
        case .skip(let gone):
            tell(partition, gone, "records lost: deleted before they were read")
            goOn(partition, at: gone.upperBound)
        case .beginAgain(let offset, let gone):
            tell(partition, gone, "records lost: the log ends before the offset the group had reached")
            beginAgain([CommitOffset(topic: partition.topic, partition: partition.partition, offset: offset)], insists: true)
        case .resume(let commit):
            handler.revoked([partition], lost: false, acknowledger: context.acknowledger)
            assignAnew([commit])
            setReading(partition, paused: false)
            announce([GroupProgress.Start(commit)])
        }
    }

    /// Continues under the same assignment: earlier records in progress may still finish, and are not repeated.
    private func goOn(_ partition: TopicPartition, at offset: Int64) {
        let isPaused = progress.withLock { progress in
            progress.skip(partition, to: offset)
            return progress.isReadingPaused(partition)
        }
        assignAnew([CommitOffset(topic: partition.topic, partition: partition.partition, offset: offset)])
        setReading(partition, paused: isPaused)
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
