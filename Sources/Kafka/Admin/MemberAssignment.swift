import NIOCore

/// A group member's assigned partitions, as encoded by the group's leader (Kafka's consumer protocol, "ConsumerProtocolAssignment", all
/// versions).
struct MemberAssignment: Equatable {
    /// The assigned partitions, in the order of the bytes.
    private(set) var partitions: [TopicPartition] = []

    /// Nil for bytes that are no assignment. A member without an assignment has no bytes, and no partitions.
    init?(_ bytes: ByteBuffer) {
        var bytes = bytes
        guard bytes.readableBytes > 0 else { return }
        guard let version = bytes.readInteger(as: Int16.self), version >= 0, let topics = bytes.readInteger(as: Int32.self), topics >= 0
        else { return nil }
        for _ in 0..<topics {
            guard let length = bytes.readInteger(as: Int16.self), length >= 0, let topic = bytes.readString(length: Int(length)),
                let count = bytes.readInteger(as: Int32.self), count >= 0
            else { return nil }
            for _ in 0..<count {
                guard let partition = bytes.readInteger(as: Int32.self) else { return nil }
                partitions.append(TopicPartition(topic: topic, partition: partition))
            }
        }
    }
}
