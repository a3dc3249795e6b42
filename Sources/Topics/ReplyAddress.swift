import Kafka

/// The destination of an answer: a partition of `ocn.replies`, and the epoch of the process that reads it.
package struct ReplyAddress: Sendable, Equatable {
    /// The ingress process's partition of `ocn.replies`.
    package let partition: Int32
    /// A random number per process start; answers with an earlier epoch are dropped.
    package let epoch: UInt64

    package init(partition: Int32, epoch: UInt64) {
        self.partition = partition
        self.epoch = epoch
    }
}
