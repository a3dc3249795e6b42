import Directory
import Encoding
import Instruments
import Kafka
import Logging
import NIOCore
import OCPI
import Topics

// Hands records to the event loops, on the consumer's thread.
extension ExchangeFlow: GroupHandler {
    /// The longest time a batch waits for the state version under which its requests were accepted.
    private static let stateTimeout = Duration.milliseconds(250)

    func resuming(_ committed: [CommitOffset], epoch: UInt64) {
        step { $0.resuming(committed) }
    }

    func assigned(_ partitions: [TopicPartition], epoch: UInt64, acknowledger: RecordAcknowledger) {
        let wall = store.clock.now.milliseconds
        carryOut(step { $0.assigned(partitions, epoch: epoch, wall: wall, now: .now()) })
    }

    func revoked(_ partitions: [TopicPartition], lost: Bool, acknowledger: RecordAcknowledger) {
        carryOut(step { $0.revoked(partitions, now: .now()) })
    }

    func received(_ batch: [IncomingRecord], acknowledger: RecordAcknowledger) {
        var requests: [(record: IncomingRecord, request: RequestRecord)] = []
        requests.reserveCapacity(batch.count)
        for record in batch {
            do throws(RecordError) {
                requests.append((record, try RequestRecord(record)))
            } catch {
                // The record names no reply address, so no answer is possible.
                metrics.malformed.increment()
                failures.log(
                    .error, "unreadable", "unreadable request",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(error)"])
                acknowledger.finished([record])
            }
        }
        guard let version = requests.map(\.request.stateVersion).max() else { return }
        let bounds = store.bounds(reaching: version, timeout: Self.stateTimeout)
        let wall = store.clock.now
        let now = NIODeadline.now()
        let directory = store.directory
        let exchanges = requests.map { record, request in
            let fault = bounds.fault(of: request)
            if let fault {
                metrics.implausible.increment()
                failures.log(
                    .error, "implausible", "request with an implausible time, deadline or state version",
                    metadata: ["at": "\(record.topicPartition)@\(record.offset)", "error": "\(fault)"])
            }
            return (
                record: record,
                exchange: PendingExchange(
                    request, at: record, account: directory.account(of: request.from), settings: settings, wall: wall, now: now,
                    on: handOver.eventLoops[loop(for: request.to)], fault: fault)
            )
        }
        carryOut(step { $0.received(exchanges, now: now) })
    }

    func committed(_ offsets: [CommitOffset]) {
        carryOut(step { $0.committed(offsets, now: .now()) })
    }

    /// The commit metadata of a partition at this moment.
    func intent(_ partition: TopicPartition, commitPoint: Int64) -> String? {
        step { $0.intent(partition, commitPoint: commitPoint, now: .now()) }
    }

    /// Admits the requests that the intents of their partitions permit to start.
    func begin(_ exchanges: [PendingExchange]) {
        let directory = store.directory
        handOver(exchanges, to: { self.loop(for: $1.recipient) }, run: { self.admit($0, directory) })
    }

    /// The number of the event loop. It is the same for all requests to a recipient, so that none overtakes another.
    private func loop(for recipient: PartyID) -> Int {
        Int(UInt(bitPattern: recipient.hashValue) % UInt(handOver.eventLoops.count))
    }
}
