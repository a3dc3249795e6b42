import Operations
import Testing

/// Invalid options are reported before anything is done, with the exit status of a usage error.
@Suite struct UsageErrorTests {
    @Test(arguments: [
        (["dead", "discard", "--cause", ""], "--cause is empty"), (["dead", "replay", "--id", ""], "--id is empty"),
        (["dead", "discard", "--cause", "", "--all"], "--cause is empty"), (["dead", "list", "--cause", " "], "--cause is empty"),
        (["broker", "--prefix", "a b!"], "letters, digits, '.', '_' and '-'"),
        (["soak", "--brokers", "kafka 9092"], "host:port"), (["fuzz", "--brokers", "http://kafka"], "host:port"),
        (["bench", "isolation", "--brokers", ":9092"], "host:port"),
        (["conformance", "--against", "http://127.0.0.1:1", "--admin", "garbage", "--admin-key", "x"], "--admin "),
        (["conformance", "--against", "http://127.0.0.1:1", "--only", ","], "is no requirement"),
        (["outbox", "list", "--sample", "100000d"], "at most 1h"),
        (["outbox", "rewind", "DE-BIL", "--to", "1h", "--wait", "2d"], "at most 1d"),
    ])
    func isRefused(_ arguments: [String], _ words: String) async throws {
        let (status, text) = try await RunningProgram.run(arguments)
        #expect(status == 64, "\(text)")
        #expect(text.contains(words), "\(text)")
    }

    @Test func anEmptyCauseIsNoFilter() {
        #expect(DeadLetterFilter(cause: "").isEmpty && DeadLetterFilter().isEmpty)
        #expect(!DeadLetterFilter(cause: "expired").isEmpty && !DeadLetterFilter(copyID: "").isEmpty)
    }

    @Test(.timeLimit(.minutes(3)), arguments: [["soak"], ["fuzz"], ["bench", "isolation"]])
    func aKafkaThatDoesNotAnswerIsNamed(_ command: [String]) async throws {
        let (status, text) = try await RunningProgram.run(command + ["--brokers", "127.0.0.1:1"])
        #expect(status != 0)
        #expect(text.contains("Kafka at 127.0.0.1:1 does not answer: "), "\(text)")
        #expect(text.contains("Check --brokers"), "\(text)")
    }
}
