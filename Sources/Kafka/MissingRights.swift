import Synchronization

/// The missing rights that brokers have recently reported. All clients made from copies of one ``KafkaSettings`` share them. Thread-safe.
package final class MissingRights: Sendable {
    private let noted = Mutex<[MissingRight: ContinuousClock.Instant]>([:])
    // Lets successful operations skip the lock.
    private let count = Atomic(0)

    /// How long a report counts, unless an operation succeeds first. librdkafka reports a partition that it may not read only once.
    private static let lifetime = Duration.seconds(300)

    /// No right is missing at first.
    package init() {}

    /// The rights reported in the last five minutes and not granted since, sorted.
    package var current: [MissingRight] {
        guard count.load(ordering: .relaxed) > 0 else { return [] }
        let now = ContinuousClock.now
        return noted.withLock { noted in
            noted = noted.filter { now - $0.value < Self.lifetime }
            count.store(noted.count, ordering: .relaxed)
            return noted.keys.sorted()
        }
    }

    /// Notes a broker's report.
    package func note(_ right: MissingRight) {
        noted.withLock { noted in
            noted[right] = .now
            count.store(noted.count, ordering: .relaxed)
        }
    }

    /// Notes the success of an operation that needs the right.
    func granted(_ operation: String, on topics: @autoclosure () -> Set<String>) {
        guard count.load(ordering: .relaxed) > 0 else { return }
        let topics = topics()
        noted.withLock { noted in
            for topic in topics { noted[MissingRight(operation, .topic(topic))] = nil }
            count.store(noted.count, ordering: .relaxed)
        }
    }

    /// Notes the missing right that a read error reports, if any.
    /// - Parameters:
    ///   - topic: the topic of the error, if known.
    ///   - group: the reader's group; nil for a reader without one.
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
