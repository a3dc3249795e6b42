import Instruments
import Synchronization

// Whether a group consumer gets on. None of this needs the poll thread, which may be what is stuck.
extension GroupConsumer {
    /// Partitions of ours that have something to read and have stood still for `Settings.stallAfter`; all of them if the poll thread does
    /// not come round. To be asked every few seconds: time counts from the first asking. Asks Kafka where the partitions end, at most 3 s.
    ///
    /// A partition whose reading the handler has paused is not among them, nor one that waits for room in its commit's metadata.
    package func stalls() async -> [Stall] {
        do throws(KafkaError) {
            return try await queries.run("stalls") { self.findStalls() }
        } catch {
            return []  // stopped
        }
    }

    private func findStalls() -> [Stall] {
        let wanted = progress.withLock { $0.readings.filter { !$0.value.isPaused }.keys.sorted() }
        let answer = kafka.questions.use(kafka, log) { rk in .success(OffsetRequests.knownEnds(rk, wanted, milliseconds: 3000)) }
        let ends = (try? answer?.get()) ?? [:]  // no client: nothing is known
        // Read after the ends: a position never lies behind an end that was asked for later.
        let readings = progress.withLock { $0.readings }
        let stalls = stallWatch.withLock { $0.stalls(readings, ends: ends, roundAt: lastRound, at: .now) }
        metrics.stalled.record(stalls.count)
        return stalls
    }

    /// The poll thread has come round.
    func comeRound() {
        let (seconds, attoseconds) = (ContinuousClock.now - born).components
        rounds.store(seconds * 1_000_000_000 + attoseconds / 1_000_000_000, ordering: .relaxed)
    }

    private var lastRound: ContinuousClock.Instant { born + .nanoseconds(rounds.load(ordering: .relaxed)) }
}
