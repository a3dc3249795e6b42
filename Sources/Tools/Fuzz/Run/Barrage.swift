import Encoding
import Kafka
import Logging
import NIOCore
import Synchronization
import Testbed
import Topics

/// Sends inputs and checks the answers.
final class Barrage: Sendable {
    /// Timeout of an answer: longer than the node's own timeout.
    private static let maximumWait = TimeAmount.seconds(20)
    /// Maximum bytes written to a compacted in-memory topic, which keeps only 5 MB whatever its policy, including the registry.
    private static let compactedLimit = 1_000_000
    private static let recordsAtOnce = 20

    private struct Counters {
        var next: [Surface: Int] = [:]
        var answers: [Int: Int] = [:]
        var compactedBytes: [String: Int] = [:]
    }

    private let inputs: Inputs
    private let material: Material
    private let caller: RawCaller
    private let producer: Producer
    private let keepsEverything: Bool
    private let findings: Findings
    private let recent: RecentCases
    private let shown: Shown
    private let counters = Mutex(Counters())

    /// - Parameter keepsEverything: whether compacted topics keep the newest record of every key, whatever their size.
    /// - Throws: if librdkafka rejects a property.
    init(
        _ inputs: Inputs, _ material: Material, kafka: KafkaSettings, keepsEverything: Bool, findings: Findings, recent: RecentCases
    ) throws {
        self.inputs = inputs
        self.material = material
        self.keepsEverything = keepsEverything
        self.findings = findings
        self.recent = recent
        let address = material.host.split(separator: ":")
        caller = RawCaller(
            host: address.first.map(String.init) ?? "", port: address.last.flatMap { Int($0) } ?? 0, maximumWait: Self.maximumWait)
        producer = try Producer(kafka, logger: Logger(label: "fuzz.producer") { _ in SwiftLogNoOpLogHandler() })
        shown = Shown(hiding: material.secrets)
    }

    /// Number of inputs by surface.
    var sent: [Surface: Int] { counters.withLock { $0.next } }
    /// Number of answers by status.
    var answers: [Int: Int] { counters.withLock { $0.answers } }

    func close() async { await producer.close(flush: .seconds(5)) }

    // MARK: Cases by number

    /// Sends the next cases of a surface until it is cancelled or the time has passed.
    func run(_ surface: Surface, until end: ContinuousClock.Instant) async {
        while ContinuousClock.now < end, !Task.isCancelled {
            guard surface == .records else {
                await send(surface, number(surface))
                continue
            }
            for _ in 0..<Self.recordsAtOnce { await send(surface, number(surface)) }
            // Readers in a debug build keep up with this rate; unread records of an in-memory topic would be lost.
            do { try await Task.sleep(for: .milliseconds(100)) } catch { return }
        }
    }

    private func number(_ surface: Surface) -> Int {
        counters.withLock { counters in
            defer { counters.next[surface, default: 0] += 1 }
            return counters.next[surface, default: 0]
        }
    }

    /// Sends one case.
    func send(_ surface: Surface, _ number: Int) async {
        switch surface {
        case .public: await send(inputs.request(number), surface, number)
        case .node: await send(inputs.message(number), surface, number)
        case .records: await send(inputs.record(number, now: .now), number)
        }
    }

    // MARK: Inputs

    /// Sends a request and checks the answer.
    func send(_ input: RequestCase, _ surface: Surface, _ number: Int? = nil) async {
        let text = shown.text(input.prefix(Shown.limit + 1))
        recent.note(RecentCases.Entry(surface: surface, number: number, kind: input.kind, input: String(text.prefix(300))))
        let transcript = await caller.converse(input)
        // An exchange that was cancelled has no result.
        guard !Task.isCancelled else { return }
        let final = Answers(transcript.bytes, headOnly: input.isHead).final
        counters.withLock { counters in for answer in final { counters.answers[answer.status, default: 0] += 1 } }
        for fault in Judge.faults(of: input, transcript) {
            let answer = transcript.bytes.isEmpty ? "" : "\n  answered: \(shown.text(transcript.bytes, limit: 600))"
            findings.note(FuzzFinding(surface: surface, number: number, kind: input.kind, what: fault, input: text + answer))
        }
    }

    /// Writes a record. A record that Kafka does not accept has no effect.
    /// - Returns: whether Kafka accepted it.
    @discardableResult
    func send(_ input: RecordCase, _ number: Int? = nil) async -> Bool {
        let topic = input.record.topic
        if topic == material.topics.state || topic == material.topics.links, !keepsEverything {
            let size = (input.record.value?.readableBytes ?? 0) + 200
            let isTooMuch = counters.withLock { counters in
                counters.compactedBytes[topic, default: 0] += size
                return counters.compactedBytes[topic, default: 0] > Self.compactedLimit
            }
            guard !isTooMuch else { return false }
        }
        recent.note(
            RecentCases.Entry(surface: .records, number: number, kind: input.kind, input: shown.text(Array(input.text.utf8.prefix(300)))))
        do {
            _ = try await producer.send(input.record)
            return true
        } catch {
            return false
        }
    }
}
