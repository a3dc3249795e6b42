import CLibrdkafka

/// A consumer group as its coordinator sees it.
package struct GroupDescription: Sendable, Equatable {
    /// What the group is doing.
    package enum State: Sendable, Equatable {
        /// Members are joining or leaving, and nobody reads.
        case rebalancing
        /// Its members read what they are assigned.
        case stable
        /// It has no members. So is one that never was.
        case empty
        /// Something else that Kafka said.
        case other
    }

    /// One consumer in it.
    package struct Member: Sendable, Equatable {
        /// What it calls itself.
        package var clientID: String
        /// What it is to read.
        package var partitions: [TopicPartition]

        /// - Parameters: as the properties say.
        package init(clientID: String, partitions: [TopicPartition]) {
            self.clientID = clientID
            self.partitions = partitions
        }
    }

    /// What it is doing.
    package var state: State
    /// Those who are in it. One that died is in it until its session ends.
    package var members: [Member]

    /// - Parameters: as the properties say.
    package init(state: State, members: [Member]) {
        self.state = state
        self.members = members
    }
}
