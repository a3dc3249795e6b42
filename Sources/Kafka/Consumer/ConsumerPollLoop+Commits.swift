import CLibrdkafka
import Instruments
import Logging

// A poll loop's commits and Kafka's answers.
extension ConsumerPollLoop {
    /// Commits changes without waiting, if a commit is due or urgent. Only one commit is in flight, so that an older one never undoes a
    /// newer one.
    /// - Returns: whether a commit was due or urgent.
    func commitChanges(isDue: Bool) -> Bool {
        note(commits.collect())
        guard commits.isIdle, progress.withLock({ $0.takeUrgency() }) || isDue else { return false }
        sendCommits(nil)
        // Nothing was committed.
        if commits.isIdle { progress.withLock { $0.commitAnswered() } }
        return true
    }

    /// Commits the changes of these partitions and waits for the answer.
    func commitNow(_ partitions: [TopicPartition], until deadline: Deadline) {
        note(commits.collect(until: deadline))
        sendCommits(partitions)
        note(commits.collect(until: deadline))
    }

    private func sendCommits(_ partitions: [TopicPartition]?) {
        let describe = settings.commitMetadata
        let changes = progress.withLock { $0.takeChanges(partitions, withFinishedAhead: describe != nil) }
        guard !changes.isEmpty else { return }
        let wanted = changes.map { change in
            var commit = change.commit
            guard let describe else { return commit }
            commit.metadata = describe(commit.topicPartition, commit.offset, change.finishedAhead)
            // A set that is too long is not committed at all: its records may be read again.
            let length = commit.metadata?.utf8.count ?? (change.finishedAhead.isEmpty ? 0 : FinishedAhead.maxTextLength)
            if let pauses = progress.withLock({ $0.setMetadata(commit.topicPartition, length: length) }) {
                setReading(commit.topicPartition, paused: pauses)
                metrics.intakePauses.increment(by: pauses ? 1 : 0)
            }
            return commit
        }
        let new = progress.withLock { $0.request(wanted) }
        if let error = commits.send(new) { note([CommitAnswer(commits: new, error: error)]) }
    }

    func note(_ answers: [CommitAnswer]) {
        for answer in answers {
            progress.withLock { $0.commitAnswered() }
            if let error = answer.error {
                metrics.commitFailures.increment()
                progress.withLock { progress in answer.partitions.forEach { progress.refused($0) } }
                // During a rebalance a refusal is normal: the partitions' next owner commits.
                log.log(error.isRetriable ? .debug : .notice, "commit \(error.name)", "\(error)", metadata: ["group": "\(settings.group)"])
            } else {
                handler.committed(answer.commits)
            }
            guard settings.pausesWhileUncommitted, answer.error == nil || answer.error?.isRebalancing == true else { continue }
            for partition in answer.partitions {
                if let pauses = progress.withLock({ $0.setUncommitted(partition, answer.error != nil) }) {
                    setReading(partition, paused: pauses)
                }
            }
        }
    }
}
