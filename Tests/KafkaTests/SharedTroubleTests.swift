import Logging
import Support
import Testing

@testable import Kafka

/// The log for operators: each fault once, however many clients meet it, then the number of occurrences.
@Suite(.timeLimit(.minutes(5))) struct SharedTroubleTests {
    @Test func logsThatShareALimiterTellAKindOnceThenHowOften() async throws {
        let limiter = LogLimiter(interval: .milliseconds(200))
        let lines = LogLines()
        let logs = (0..<3).map { _ in ThrottledLog(lines.logger, limiter) }
        for log in logs { for _ in 0..<4 { log.log(.warning, "_TRANSPORT", "a broker went") } }
        #expect(lines.all.map(\.description) == ["warning a broker went"])
        try await eventually("the rest is told") {
            logs[2].tellSuppressed()
            return lines.all.count > 1
        }
        for log in logs { log.tellSuppressed() }
        #expect(lines.all.map(\.description) == ["warning a broker went", "warning 11 more of these"])
        // Another process has another limiter.
        ThrottledLog(lines.logger).log(.warning, "_TRANSPORT", "a broker went")
        #expect(lines.all.count == 3)
    }

    /// Producers, readers, a group and queries: nine clients, each with connections of its own. With ten minutes between reminders only the
    /// one line can come, however slow the machine is.
    @Test(arguments: [Duration.seconds(600), .milliseconds(300)])
    func aBrokerThatGoesIsToldOnceByAllClientsOfAProcess(remindedAfter interval: Duration) async throws {
        let cluster = try EmbeddedCluster(logger: TestCluster.logger)
        try cluster.createTopic("t", partitions: 1)
        let noticed = Observed<Set<String>>([])
        var settings = TestCluster.settings("process", cluster, ["statistics.interval.ms": "100"])
        settings.logLimiter = LogLimiter(interval: interval)
        let lines = LogLines()
        var producers: [Producer] = []
        for number in 0..<3 {
            settings.onTrouble = { noticed.update { $0.insert("producer \(number)") } }
            let producer = try Producer(settings, logger: lines.logger)
            _ = try await producer.send(OutgoingRecord(topic: "t", value: TestCluster.value("x")))
            producers.append(producer)
        }
        var readers: [PartitionReader] = []
        for number in 0..<3 {
            let reader = PartitionReader(
                settings, topic: "t", partitions: [0], start: .beginning, logger: lines.logger, onBatch: { _ in },
                onEnd: { _, _ in noticed.update { $0.insert("reads \(number)") } },
                onError: { _ in noticed.update { $0.insert("reader \(number)") } })
            try await reader.start()
            readers.append(reader)
        }
        let handler = RecordingHandler()
        let consumer = GroupConsumer(
            settings, GroupConsumer.Settings(group: "g", subscription: ["t"]), handler: handler, logger: lines.logger)
        try consumer.start()
        #expect(await handler.log.wait { $0.records.count == 3 })
        #expect(await noticed.wait { $0.count == 3 })
        #expect(lines.notable.isEmpty, "\(lines.notable)")

        cluster.setBroker(-1, up: false)
        #expect(await noticed.wait { $0.count == 9 })
        #expect(await handler.log.wait { !$0.errors.isEmpty })
        if interval > .seconds(60) {
            // On a busy machine the end of the group's session may be logged as well.
            let told = lines.notable
            #expect(told.count { $0.text.contains("127.0.0.1") } == 1, "\(told)")
        } else {
            try await eventually("a reminder says how many more there were") {
                lines.notable.contains { $0.text.contains("more of these") }
            }
        }
        cluster.setBroker(-1, up: true)
        await consumer.stop()
        for reader in readers { await reader.stop() }
        for producer in producers { await producer.close(flush: .seconds(1)) }
        cluster.close()
    }

    /// The first service's outbox is made long after PUSH was started.
    @Test func aPatternThatMatchesNothingYetIsNoTrouble() async throws {
        let prefix = TestCluster.unique("pattern")
        let lines = LogLines()
        let handler = RecordingHandler()
        let settings = GroupConsumer.Settings(
            group: prefix, subscription: ["^\(prefix)\\..*"], sessionTimeout: .seconds(6), metadataRefresh: .milliseconds(300))
        let consumer = GroupConsumer(try TestCluster.settings("pattern"), settings, handler: handler, logger: lines.logger)
        try consumer.start()
        try await eventually("its topics were looked for") { lines.all.contains { $0.text.contains("^\(prefix)") } }
        #expect(lines.notable.isEmpty, "\(lines.notable)")
        #expect(handler.log.state.errors.isEmpty)
        await consumer.stop()
        #expect(lines.notable.isEmpty, "\(lines.notable)")
    }
}
