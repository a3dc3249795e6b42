import Encoding
import Logging
import Synchronization
import Testing

@testable import Telemetry

@Suite struct LogOutputTests {
    /// Collects what would go to standard error.
    private final class Sink: Sendable {
        private let bytes = Mutex<[UInt8]>([])

        func take(_ lines: [UInt8]) {
            bytes.withLock { $0 += lines }
        }

        var text: String {
            bytes.withLock { String(decoding: $0, as: UTF8.self) }
        }
    }

    private struct Failure: Error, CustomStringConvertible {
        let description = "broken"
    }

    private func output(_ style: LogOutput.Style, provider: Logger.MetadataProvider? = nil, _ body: (inout Logger) -> Void) -> String {
        let sink = Sink()
        let writer = LogWriter(write: { sink.take($0) }, reportDropped: { _ in [] })
        var logger = Logger(
            label: "ocn.test",
            factory: { LogOutput(label: $0, level: .info, style: style, writer: writer, metadataProvider: provider) })
        body(&logger)
        writer.flush(seconds: 5)
        return sink.text
    }

    private func line(_ level: Logger.Level, _ message: String, _ metadata: Logger.Metadata = [:]) -> LogLine {
        let time = Timestamp(milliseconds: 1_795_354_215_007)
        return LogLine(time: time, level: level, logger: "ocn.kafka", message: message, metadata: metadata)
    }

    private func json(_ line: LogLine) -> String {
        String(decoding: line.json(), as: UTF8.self)
    }

    private func text(_ line: LogLine, colour: Bool = false) -> String {
        String(decoding: line.text(colour: colour), as: UTF8.self)
    }

    @Test func writesJSONWithNestedMetadataSorted() {
        let metadata: Logger.Metadata = [
            "topic": "ocn.requests", "count": "\(3)", "offset": .stringConvertible(42), "share": .stringConvertible(0.5),
            "parties": ["DE-CPO", "NL-\"X\""], "lane": ["b": "2", "a": "1"], "level": "9",
        ]
        #expect(
            json(line(.info, "two\nlines \"quoted\"", metadata))
                == #"{"time":"2026-11-22T13:30:15.007Z","level":"info","logger":"ocn.kafka","message":"two\nlines \"quoted\"","count":"3","#
                + #""lane":{"a":"1","b":"2"},"metadata.level":"9","offset":42,"#
                + #""parties":["DE-CPO","NL-\"X\""],"share":"0.5","topic":"ocn.requests"}"#
                + "\n")
    }

    @Test func writesShortTextForPeople() {
        #expect(
            text(line(.warning, "retrying", ["topic": "t", "lane": ["b": "2", "a": ["x", "y"]]]))
                == "13:30:15.007 warning  ocn.kafka: retrying lane={a: [x, y], b: 2} topic=t\n")
        #expect(text(line(.info, "up"), colour: true) == "13:30:15.007 \u{1b}[32minfo\u{1b}[0m     ocn.kafka: up\n")
    }

    @Test func outsideTextCannotForgeLinesOrColours() {
        let text = text(line(.info, "a\nb\u{1b}[31m", ["k": "c\r\nd"]))
        #expect(text == "13:30:15.007 info     ocn.kafka: a\\nb\\u{1B}[31m k=c\\r\\nd\n")
    }

    @Test(arguments: [
        "authorization", "Authorization", "proxy-authorization", "token", "party_token", "tokenB", "clientSecret", "PASSWORD", "key",
        "api_key", "apikey", "privateKey", "X-API-Key", "keys", "credentials",
    ])
    func redactsMetadataThatLooksSecret(_ key: String) {
        let secret = "f00ba7"
        let metadata: Logger.Metadata = ["nested": ["deep": [[key: .string(secret)]]], key: ["a": .string(secret)]]
        for output in [json(line(.info, "m", metadata)), text(line(.info, "m", metadata))] {
            #expect(!output.contains(secret))
            #expect(output.split(separator: "[redacted]", omittingEmptySubsequences: false).count == 3)
        }
    }

    @Test(arguments: ["topic", "module", "keyboard", "partition", "party", "lane"])
    func leavesOtherMetadataAlone(_ key: String) {
        #expect(!Redaction.looksSecret(key))
    }

    @Test func mergesProviderLoggerAndEvent() {
        let provider = Logger.MetadataProvider { ["a": "provider", "b": "provider", "c": "provider"] }
        let written = output(.json, provider: provider) { logger in
            logger[metadataKey: "b"] = "logger"
            logger[metadataKey: "c"] = "logger"
            logger.info("m", metadata: ["c": "event"])
            logger.debug("too low")
        }
        #expect(written.hasSuffix(#""logger":"ocn.test","message":"m","a":"provider","b":"logger","c":"event"}"# + "\n"))
        #expect(written.split(separator: "\n").count == 1)
    }

    @Test func showsTheErrorOfAnEvent() {
        let written = output(.json) { $0.error("failed", error: Failure()) }
        #expect(written.hasSuffix(#""level":"error","logger":"ocn.test","message":"failed","error":"broken"}"# + "\n"))
    }

    @Test func bootstrapWritesJSONToStandardErrorThatIsNoTerminal() async throws {
        let result = await #expect(processExitsWith: .success, observing: [\.standardErrorContent]) {
            LogOutput.bootstrap(level: .notice)
            let logger = Logger(label: "ocn.program")
            logger.info("too low")
            logger.notice("up", metadata: ["token": "f00ba7", "port": "8080"])
            LogOutput.flush()
        }
        let written = String(decoding: try #require(result).standardErrorContent, as: UTF8.self)
        let line = try #require(written.split(separator: "\n").last { $0.hasPrefix("{") })
        #expect(line.hasSuffix(#""level":"notice","logger":"ocn.program","message":"up","port":"8080","token":"[redacted]"}"#))
        #expect(!written.contains("too low"))
    }
}
