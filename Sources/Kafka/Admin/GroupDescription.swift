import CLibrdkafka

/// A consumer group as its coordinator describes it.
package struct GroupDescription: Sendable, Equatable {
    /// The group's state.
    package enum State: Sendable, Equatable {
        /// Members are joining or leaving, and no member reads.
        case rebalancing
        /// The members read their assigned partitions.
        case stable
        /// The group has no members, or never existed.
        case empty
        /// Any other state that Kafka reports.
        case other
    }

    /// One member of the group.
    package struct Member: Sendable, Equatable {
        /// The member's client id.
        package var clientID: String
        /// The partitions assigned to the member.
        package var partitions: [TopicPartition]

        package init(clientID: String, partitions: [TopicPartition]) {
            self.clientID = clientID
            self.partitions = partitions
        }
    }

    /// The group's present state.
    package var state: State
    /// The members. A member that died is listed until its session ends.
    package var members: [Member]

    package init(state: State, members: [Member]) {
        self.state = state
        self.members = members
    }
}
