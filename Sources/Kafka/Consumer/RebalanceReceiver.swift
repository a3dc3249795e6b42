#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Forwards librdkafka's rebalance callbacks to the poll loop, which belongs to one thread and so cannot be captured by a callback.
///
/// `@unchecked Sendable`: librdkafka calls back on the thread that polls the client. That thread alone attaches a loop, detaches it and
/// reads it, which each read checks.
final class RebalanceReceiver: @unchecked Sendable {
    private weak var attached: ConsumerPollLoop?
    private var thread: pthread_t?

    /// Sets this thread's loop as the receiver. Must be called before the thread polls.
    func attach(_ loop: ConsumerPollLoop) {
        attached = loop
        thread = pthread_self()
    }

    /// Removes the receiver. Must be called before another thread may end the client.
    func detach() {
        attached = nil
        thread = nil
    }

    /// The loop, if this is its thread.
    var loop: ConsumerPollLoop? {
        guard let thread, pthread_equal(thread, pthread_self()) != 0 else { return nil }
        return attached
    }
}
