/// How to reach Kafka, and what to tell librdkafka that this module does not.
///
/// All clients that are made from copies of one value share one further client on which they ask Kafka questions, and tell the same trouble
/// once. Properties may hold passwords, so the description names them without their values.
package struct KafkaSettings: Sendable, CustomStringConvertible, CustomDebugStringConvertible {
    /// Comma-separated `host:port` list of brokers to start from.
    package var bootstrap: String { didSet { questions = QuestionClient() } }
    /// What this client calls itself in Kafka's logs and quotas, and its thread in the process list. A suffix makes each id unique.
    package var clientID: String
    /// Any librdkafka property, for instance `security.protocol`. Wins over what this module would have set.
    package var properties: [String: String] { didSet { questions = QuestionClient() } }
    /// Whether Kafka may make a topic, with settings of its own, when a record comes for one that does not exist. Only for a cluster on which
    /// topics cannot be made on purpose, as the in-memory one.
    package var producersMakeTopics = false
    /// librdkafka's statistics, a JSON text every `statistics.interval.ms` (default 5 s) with the client's id. Runs on the client's own
    /// thread, so it must only hand the text over.
    package var onStatistics: (@Sendable (_ clientID: String, _ json: String) -> Void)?
    /// A client that can do nothing any more, e.g. a producer that was fenced: only a new process helps. Called on the client's own
    /// thread, must not block.
    package var onFatal: (@Sendable (KafkaError) -> Void)?
    /// A producer reaches no broker any more. A hint to look, called on the client's own thread, must not block.
    package var onTrouble: (@Sendable () -> Void)?
    /// Shared by all clients of a process. Another cluster, or another way to it, needs another one.
    private(set) var questions = QuestionClient()
    /// Shared by all clients of a process.
    package private(set) var missingRights = MissingRights()
    /// Shared by all clients of a process, each of which meets the same trouble.
    var logLimiter = LogLimiter()

    /// - Parameters: as the properties say.
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
