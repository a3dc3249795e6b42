import CLibrdkafka
import Instruments

/// The poll thread of a group consumer from its first client to its last: librdkafka clients one after the other, each with a poll loop of
/// its own.
struct ConsumerThread {
    private let context: ConsumerContext
    private var membership: MembershipMonitor

    init(_ context: ConsumerContext) {
        self.context = context
        membership = MembershipMonitor(after: context.settings.rejoinAfter, from: .now)
    }

    /// The thread's body: until told to stop.
    mutating func run(_ first: GroupClient) {
        var client: GroupClient? = first
        while let present = client {
            live(present)
            client = context.state.isRunning ? renewed() : nil
        }
        context.kafka.questions.leave()
        context.state.finish()
    }

    /// Polls until told to stop, or until the client must be replaced; then leaves the group and ends the client, both bounded.
    private mutating func live(_ client: GroupClient) {
        let state = context.state
        let isClosed = client.handle.onOwnThread { rk in
            let loop = ConsumerPollLoop(rk, context, membership)
            client.rebalances.attach(loop)
            defer {
                client.rebalances.detach()
                loop.close()
                membership = loop.membership
            }
            loop.poll()
            state.setClient(nil)
            client.handle.close()
            // Who is out has nothing to give back, and may get no answer.
            let answers = ConsumerPollLoop.answerLimit + ConsumerPollLoop.answerLimit
            return loop.leave(within: state.isRunning ? .seconds(2) : context.settings.drain + answers)
        }
        // What could not be closed in time must not hang here either.
        client.handle.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// A fresh client, as soon as one can be made; nil if told to stop.
    private func renewed() -> GroupClient? {
        let state = context.state
        // Whatever the old one still had is lost: another member may have it.
        let gone = state.progress.withLock { $0.assignment }
        if !gone.isEmpty {
            context.handler.revoked(gone, lost: true, acknowledger: context.acknowledger)
            state.progress.withLock { $0.remove(gone) }
        }
        while state.isRunning {
            do throws(KafkaError) {
                let client = try context.makeClient()
                context.metrics.renewals.increment()
                state.setClient(client.handle)
                return client
            } catch {
                context.failed(error)
                _ = state.progress.wait(until: Deadline(after: .seconds(1))) { _ in state.isRunning ? nil : true }
            }
        }
        return nil
    }
}
