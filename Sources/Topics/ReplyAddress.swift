import Kafka

/// Where the answer goes: a partition of `ocn.replies`, and the life of the process that reads it.
package struct ReplyAddress: Sendable, Equatable {
    /// The ingress process's partition of `ocn.replies`.
    package let partition: Int32
    /// Random per process life; answers to an earlier life are dropped.
    package let epoch: UInt64

    /// - Parameters: as the properties say.
    package init(partition: Int32, epoch: UInt64) {
        self.partition = partition
        self.epoch = epoch
    }
}
