import Kafka
import OCPI

/// Which records of a new assignment may be sent although another worker may have sent them already.
///
/// A record that was written before this worker got the partition, and that nobody finished, has an unknown outcome. Reads are sent
/// again; PUT and DELETE while no newer write of the same object is in sight; everything else would happen twice.
struct Takeover: Sendable {
    private var since: [TopicPartition: Int64] = [:]
    private var untouched: Set<TopicPartition> = []

    /// What the group has committed of the partitions that come next. Where it is nothing, no worker was here before.
    mutating func resuming(_ committed: [CommitOffset]) {
        for offset in committed where offset.offset < 0 { untouched.insert(offset.topicPartition) }
    }

    /// - Parameter now: milliseconds since 1970.
    mutating func assigned(_ partitions: [TopicPartition], now: Int64) {
        for partition in partitions where untouched.remove(partition) == nil { since[partition] = now }
    }

    mutating func revoked(_ partitions: [TopicPartition]) {
        for partition in partitions { since[partition] = nil }
    }

    /// For each request of a batch whether it may be sent.
    func maySend(_ batch: [(record: IncomingRecord, method: Method)]) -> [Bool] {
        var written: Set<String> = []
        var answer = [Bool](repeating: true, count: batch.count)
        for (index, (record, method)) in batch.enumerated().reversed() {
            if let began = since[record.topicPartition], record.timestamp >= 0, record.timestamp < began, !method.isRead {
                let isNewest = record.key.map { !written.contains($0) } ?? false
                answer[index] = method.isIdempotent && isNewest
            }
            if !method.isRead, let key = record.key { written.insert(key) }
        }
        return answer
    }
}
