import Directory
import Encoding
package import Kafka
import OCPI

/// The delivery progress of one partition of an outbox.
package struct OutboxPartition: Sendable, Equatable {
    /// The partition number.
    package var partition: Int32
    /// The first offset, and the one after the last.
    package var log: Range<Int64>
    /// The next offset to be sent: the one that PUSH committed, else the first.
    package var position: Int64
    /// Number of records after ``position`` that are finished while an earlier one is being retried.
    package var finishedAhead: Int64
    /// Number of records that Kafka deleted before they were sent.
    package var lost: Int64

    /// - Parameters:
    ///   - log: the offsets in the partition.
    ///   - committed: the committed offset of the group of PUSH; nil or offset -1 if there is none.
    package init(partition: Int32, log: Range<Int64>, committed: CommitOffset?) {
        self.partition = partition
        self.log = log
        guard let committed, committed.offset >= 0 else {
            position = log.lowerBound
            finishedAhead = 0
            lost = 0
            return
        }
        let begin = min(max(committed.offset, log.lowerBound), log.upperBound)
        lost = max(0, log.lowerBound - committed.offset)
        let runs = committed.metadata.flatMap { FinishedAhead(text: $0, committed: committed.offset) }?.runs ?? []
        finishedAhead = runs.reduce(0) { sum, run in
            let first = max(run.lowerBound, begin)
            let last = min(run.upperBound, log.upperBound - 1)
            return sum + max(0, last - first + 1)
        }
        position = begin
    }

    /// Number of waiting records. It may be slightly too high, because some offsets hold no record.
    package var waiting: Int64 { max(0, log.upperBound - position - finishedAhead) }

    /// The offsets from ``position`` on, including records finished ahead.
    var behind: Range<Int64> { position..<log.upperBound }

    var json: JSONValue {
        [
            "partition": .number(String(partition)), "first": .number(String(log.lowerBound)), "next": .number(String(position)),
            "end": .number(String(log.upperBound)), "finished_ahead": .number(String(finishedAhead)), "waiting": .number(String(waiting)),
        ]
    }
}
