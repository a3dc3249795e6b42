/// How to reach Kafka, and which further properties to set in librdkafka.
///
/// All clients made from copies of one value share one query client and one log limiter, so that the same fault is logged once. Properties
/// may hold passwords, so the description names them without their values.
package struct KafkaSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Comma-separated `host:port` list of brokers to start from.
    package var bootstrap: String { didSet { questions = QuestionClient() } }
    /// The client's name in Kafka's logs and quotas, and its thread's in the process list. A suffix makes each id unique.
    package var clientID: String
    /// Any librdkafka property, for instance `security.protocol`. Wins over this module's own value.
    package var properties: [String: String] { didSet { questions = QuestionClient() } }
    /// Whether Kafka may create a missing topic, with its default settings, when a record is sent to it. Only for clusters that do not
    /// support topic creation, such as the in-memory one.
    package var producersMakeTopics = false
    /// Receives librdkafka's statistics, a JSON text every `statistics.interval.ms` (default 5 s), with the client's id. Runs on the
    /// client's own thread and must not block.
    package var onStatistics: (@Sendable (_ clientID: String, _ json: String) -> Void)?
    /// Called when a client has become unusable, for instance a fenced producer; only a new process helps. Runs on the client's own thread
    /// and must not block.
    package var onFatal: (@Sendable (KafkaError) -> Void)?
    /// Called when a producer reaches no broker. Runs on the client's own thread and must not block.
    package var onTrouble: (@Sendable () -> Void)?
    /// Shared by all clients of a process. Another cluster, or other connection properties, need another one.
    private(set) var questions = QuestionClient()
    /// Shared by all clients of a process.
    package private(set) var missingRights = MissingRights()
    /// Shared by all clients of a process, because each logs the same faults.
    var logLimiter = LogLimiter()

    package init(bootstrap: String, clientID: String, properties: [String: String] = [:]) {
        self.bootstrap = bootstrap
        self.clientID = clientID
        self.properties = properties
    }

    /// Without property values.
    package var description: String {
        "KafkaSettings(\(bootstrap), client \(clientID), properties \(properties.keys.sorted().joined(separator: " ")))"
    }

    /// Without property values.
    package var debugDescription: String { description }
}
