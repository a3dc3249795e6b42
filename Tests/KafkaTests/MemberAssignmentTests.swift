import NIOCore
import Support
import Testing

@testable import Kafka

@Suite struct MemberAssignmentTests {
    /// As Kafka's consumer protocol writes it.
    private func bytes(version: Int16 = 1, _ topics: [(String, [Int32])], userData: [UInt8]? = nil) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.writeInteger(version)
        buffer.writeInteger(Int32(topics.count))
        for (topic, partitions) in topics {
            buffer.writeInteger(Int16(topic.utf8.count))
            buffer.writeString(topic)
            buffer.writeInteger(Int32(partitions.count))
            for partition in partitions { buffer.writeInteger(partition) }
        }
        buffer.writeInteger(Int32(userData?.count ?? -1))
        if let userData { buffer.writeBytes(userData) }
        return buffer
    }

    @Test(arguments: [Int16(0), 1, 3]) func allTopicsAndPartitionsAreRead(version: Int16) throws {
        let assignment = try #require(
            MemberAssignment(bytes(version: version, [("a", [0, 7]), ("b", []), ("c.d", [3])], userData: [1, 2])))
        #expect(
            assignment.partitions == [
                TopicPartition(topic: "a", partition: 0), TopicPartition(topic: "a", partition: 7),
                TopicPartition(topic: "c.d", partition: 3),
            ])
    }

    @Test func noBytesAreNoPartitions() {
        #expect(MemberAssignment(ByteBuffer())?.partitions == [])
    }

    @Test func whatIsCutOffIsNoAssignment() {
        let whole = bytes([("topic", [0, 1, 2])])
        // What follows the partitions is not read: 4 bytes of user data.
        for length in 1..<(whole.readableBytes - 4) {
            #expect(MemberAssignment(whole.getSlice(at: 0, length: length) ?? ByteBuffer()) == nil, "\(length) bytes")
        }
    }

    @Test func numbersThatAreTooLargeOrNegativeAreNoAssignment() {
        for (topics, partitions) in [(Int32.max, Int32(1)), (-1, 1), (1, .max), (1, -1)] {
            var buffer = ByteBuffer()
            buffer.writeInteger(Int16(0))
            buffer.writeInteger(topics)
            buffer.writeInteger(Int16(1))
            buffer.writeString("t")
            buffer.writeInteger(partitions)
            buffer.writeInteger(Int32(0))
            #expect(MemberAssignment(buffer) == nil, "\(topics) topics, \(partitions) partitions")
        }
    }
}
