import CLibrdkafka
import Instruments
import Logging
import Synchronization

// A group consumer's lives: one librdkafka client after the other. Runs on the poll thread.
extension GroupConsumer {
    /// The thread's body.
    func run(_ first: ClientHandle) {
        var client: ClientHandle? = first
        while let present = client {
            live(present)
            client = isRunning ? renewed() : nil
        }
        kafka.questions.leave()
        finishStopping()
    }

    /// Polls until told to stop, or until the client must be replaced; then leaves the group and ends the client, both bounded.
    private func live(_ client: ClientHandle) {
        let isClosed = client.onOwnThread { rk in
            commits.open(rk)
            defer { commits.close() }
            poll(rk)
            lifecycle.withLock { $0.client = nil }
            client.close()
            // Who is out has nothing to give back, and may get no answer.
            return leave(rk, within: isRunning ? .seconds(2) : settings.drain + GroupConsumer.answerLimit + GroupConsumer.answerLimit)
        }
        // What could not be closed in time must not hang here either.
        client.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// A fresh client, as soon as one can be made; nil if told to stop.
    private func renewed() -> ClientHandle? {
        // Whatever the old one still had is lost: another member may have it.
        let gone = progress.withLock { $0.assignment }
        if !gone.isEmpty {
            handler.revoked(gone, lost: true)
            progress.withLock { $0.remove(gone) }
        }
        while isRunning {
            do throws(KafkaError) {
                let client = try makeClient()
                metrics.renewals.increment()
                lifecycle.withLock { $0.client = client }
                return client
            } catch {
                failed(error)
                _ = progress.wait(until: Deadline(after: .seconds(1))) { _ in self.isRunning ? nil : true }
            }
        }
        return nil
    }

    /// Whether this member has been out of its group for too long. Told once, and once when it is back.
    func isStranded() -> Bool {
        let (out, isFirst) = membership.withLock { ($0.mustRenew(at: .now), $0.isFirstRenewal) }
        guard let out else { return false }
        log.logger.log(
            level: isFirst ? .warning : .debug,
            "out of its group for \(out.components.seconds) s: leaves and joins anew with a fresh client",
            metadata: ["group": "\(settings.group)"])
        return true
    }

    func noteJoined() {
        guard let end = membership.withLock({ $0.joined(at: .now) }) else { return }
        log.logger.notice(
            "in its group again after \(end.out.components.seconds) s and \(end.renewals) fresh client\(end.renewals == 1 ? "" : "s")",
            metadata: ["group": "\(settings.group)"])
    }

    func noteLeft() { membership.withLock { $0.left(at: .now) } }
}
