import Logging

/// What a group consumer and its poll thread both work with. Nothing in it changes but ``ConsumerState``, which locks.
struct ConsumerContext: Sendable {
    let kafka: KafkaSettings
    let settings: GroupConsumer.Settings
    let handler: any GroupHandler
    let acknowledger: RecordAcknowledger
    let log: ThrottledLog
    let metrics: GroupMetrics
    /// Where questions to Kafka and explicit commits block.
    let queries: BlockingThread

    var state: ConsumerState { acknowledger.state }

    var questions: ConsumerQuestions { ConsumerQuestions(kafka: kafka, settings: settings, state: state, log: log) }

    /// A client that joins the group.
    func makeClient() throws(KafkaError) -> GroupClient {
        try GroupClient(kafka, settings, handler: handler, log: log)
    }

    /// Something is wrong: told to the operator, in bounds, and to the handler.
    func failed(_ error: KafkaError) {
        // A pattern that matches no topic yet is no fault.
        if error.isUnknownTopic, error.reason.contains("not available: ^") { return log.log(.debug, "subscription", "\(error)") }
        log.log(error, metadata: ["group": "\(settings.group)"])
        handler.failed(error)
    }
}
