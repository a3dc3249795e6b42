import CLibrdkafka
import Instruments

/// The poll thread of a group consumer. It runs librdkafka clients one after the other, each with a poll loop of its own.
struct ConsumerThread {
    private let context: ConsumerContext
    private var membership: MembershipMonitor

    init(_ context: ConsumerContext) {
        self.context = context
        membership = MembershipMonitor(after: context.settings.rejoinAfter, from: .now)
    }

    /// The thread's body; returns when the consumer stops.
    mutating func run(_ first: GroupClient) {
        var client: GroupClient? = first
        while let present = client {
            live(present)
            client = context.state.isRunning ? renewed() : nil
        }
        context.kafka.questions.leave()
        context.state.finish()
    }

    /// Polls until the consumer stops or the client must be replaced; then leaves the group and destroys the client, both within a time
    /// limit.
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
            // A member outside the group has nothing to give back and may get no answer.
            let answers = ConsumerPollLoop.answerLimit + ConsumerPollLoop.answerLimit
            return loop.leave(within: state.isRunning ? .seconds(2) : context.settings.drain + answers)
        }
        // A client that could not be closed in time must not block here either.
        client.handle.destroy(flags: isClosed ? 0 : RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE)
    }

    /// A fresh client, as soon as one can be made; nil if the consumer stops.
    private func renewed() -> GroupClient? {
        let state = context.state
        // The old client's partitions are lost: another member may have them.
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
