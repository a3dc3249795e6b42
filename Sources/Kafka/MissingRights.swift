import Synchronization

/// The rights that brokers have said lately we lack. All clients that are made from copies of one ``KafkaSettings`` share them. Thread-safe.
package final class MissingRights: Sendable {
    private let noted = Mutex<[MissingRight: ContinuousClock.Instant]>([:])
    // So that whoever is successful need not take the lock.
    private let count = Atomic(0)

    /// librdkafka tells of a partition that it may not read only once, so what was noted counts for a while, if nothing succeeds before.
    private static let lifetime = Duration.seconds(300)

    /// None yet.
    package init() {}

    /// Those that were noted in the last five minutes and have not been granted since, sorted.
    package var current: [MissingRight] {
        guard count.load(ordering: .relaxed) > 0 else { return [] }
        let now = ContinuousClock.now
        return noted.withLock { noted in
            noted = noted.filter { now - $0.value < Self.lifetime }
            count.store(noted.count, ordering: .relaxed)
            return noted.keys.sorted()
        }
    }

    /// A broker has said so.
    package func note(_ right: MissingRight) {
        noted.withLock { noted in
            noted[right] = .now
            count.store(noted.count, ordering: .relaxed)
        }
    }

    /// Something succeeded that needs the right.
    func granted(_ operation: String, on topics: @autoclosure () -> Set<String>) {
        guard count.load(ordering: .relaxed) > 0 else { return }
        let topics = topics()
        noted.withLock { noted in
            for topic in topics { noted[MissingRight(operation, .topic(topic))] = nil }
            count.store(noted.count, ordering: .relaxed)
        }
    }

    /// Notes what an error of reading says, if it says so.
    /// - Parameters:
    ///   - topic: where it happened, if that is known.
    ///   - group: whose the reader is; nil for one that joins none.
    func note(reading error: KafkaError, topic: String?, group: String?) {
        guard error.isUnauthorized else { return }
        switch error.unauthorized {
        case .topic?:
            if let topic { return note(MissingRight("Read", .topic(topic))) }
            if let name = Self.topic(inReason: error.reason) { note(MissingRight("Describe", .topic(name))) }
        case .group?:
            if let group { note(MissingRight("Read", .group(group))) }
        case .cluster?, nil: break
        }
    }

    /// `NAME` of `Subscribed topic not available: NAME: Broker: Topic authorization failed`; nil for a pattern.
    static func topic(inReason reason: String) -> String? {
        guard let start = reason.firstRange(of: "not available: ")?.upperBound else { return nil }
        let name = reason[start...].prefix { $0 != ":" }
        return name.isEmpty || name.hasPrefix("^") ? nil : String(name)
    }
}
