import Logging

/// The objects that a group consumer and its poll thread share. Only ``ConsumerState`` changes, and it locks.
struct ConsumerContext: Sendable {
    let kafka: KafkaSettings
    let settings: GroupConsumer.Settings
    let handler: any GroupHandler
    let acknowledger: RecordAcknowledger
    let log: ThrottledLog
    let metrics: GroupMetrics
    /// Runs blocking queries to Kafka and explicit commits.
    let queries: BlockingThread

    var state: ConsumerState { acknowledger.state }

    var questions: ConsumerQuestions { ConsumerQuestions(kafka: kafka, settings: settings, state: state, log: log) }

    /// Makes a client for the group.
    func makeClient() throws(KafkaError) -> GroupClient {
        try GroupClient(kafka, settings, handler: handler, log: log)
    }

    /// Reports an error to the log, throttled, and to the handler.
    func failed(_ error: KafkaError) {
        // A pattern that matches no topic yet is not an error.
        if error.isUnknownTopic, error.reason.contains("not available: ^") { return log.log(.debug, "subscription", "\(error)") }
        log.log(error, metadata: ["group": "\(settings.group)"])
        handler.failed(error)
    }
}
