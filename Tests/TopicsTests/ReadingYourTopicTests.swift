import Encoding
import Foundation
import Kafka
import NIOCore
import OCPI
import Support
import Testing

@testable import Topics

/// The pages "Reading your topic" and "Topics" agree with the code.
@Suite struct ReadingYourTopicTests {
    private let topics = TopicNames()
    private let page: String
    private let overview: String

    init() throws {
        page = try ProjectFiles.text("Sources/Topics/Topics.docc/ReadingYourTopic.md")
        overview = try ProjectFiles.text("Sources/Topics/Topics.docc/Topics.md")
    }

    // MARK: The page for developers of services

    @Test func thePageListsExactlyTheHeadersOfACopyAndWhichOfThemAreAlwaysThere() throws {
        let rows = Self.rows(of: page)
        #expect(Set(rows.map(\.names[0])) == names(try fullCopy().outgoing(to: topics)))
        #expect(Set(rows.filter { $0.cells[1] == "yes" }.map(\.names[0])) == names(try leastCopy().outgoing(to: topics)))
        #expect(rows.allSatisfy { ["yes", "no"].contains($0.cells[1]) && $0.names.count == 1 })
    }

    @Test func theSampleRecordsArePreciselyWhatTheCodeWrites() throws {
        let samples = try Self.blocks("text", of: page).map(Self.record)
        #expect(samples.map { $0.value == nil } == [false, true], "one with a body, one without")
        for sample in samples {
            let written = try CopyRecord(sample).outgoing(to: topics)
            #expect(written.topic == "ocn.outbox.DE-BIL" && written.key == sample.key && written.value == sample.value)
            #expect(written.headers == sample.headers)
        }
    }

    @Test func theExamplesInTheTableAreThoseOfTheSamples() throws {
        let samples = try Self.blocks("text", of: page).map(Self.record)
        for row in Self.rows(of: page) {
            let values = samples.compactMap { $0.headers[row.names[0]] }
            guard !values.isEmpty else { continue }
            #expect(values.contains { "`\($0)`" == row.cells[3] }, "\(row.names[0])")
        }
    }

    @Test func theNumbersAreThoseOfTheSettings() throws {
        let settings = TopicSettings()
        #expect(
            page.contains(
                "\(settings.outboxRetentionSeconds / 86_400) days with the default horizon of \(settings.copyHorizonSeconds / 3600) hours"))
        #expect(page.contains("(\(settings.outboxPartitions) by default)"))
        let dead = try #require(settings.fixedTopics(topics).first { $0.name == topics.dead }?.config["retention.ms"].flatMap { Int($0) })
        #expect(page.contains("dead letters can be replayed for \(dead / 86_400_000) days"))
    }

    @Test func whatThePageShowsOfTheExamplesStandsInThem() throws {
        let folder = "Examples/reading-your-topic/"
        let python = try ProjectFiles.text(folder + "outbox_reader.py") + ProjectFiles.text(folder + "event_v1.py")
        let java = try ProjectFiles.text(folder + "OutboxReader.java")
        #expect(Self.blocks("python", of: page).count == 3 && Self.blocks("java", of: page).count == 1)
        for block in Self.blocks("python", of: page) { #expect(python.contains(block), "\(block)") }
        for block in Self.blocks("java", of: page) { #expect(java.contains(block), "\(block)") }
    }

    // MARK: The table for developers of the node

    @Test func theOverviewSaysWhichHeadersEveryKindOfRecordHas() throws {
        let rows = Self.rows(of: overview)
        let copy = try fullCopy()
        let request = try fullRequest()
        let reply = ReplyRecord(
            to: request, at: ReplyAddress(partition: 1, epoch: 2), from: request.to, time: request.time, outcome: .answered,
            httpStatus: 200,
            status: .success, message: "text", headers: RecordHeaders(ReplyRecord.passedHeaders.map { RecordHeader(name: $0, value: "x") }),
            contentType: "application/json", body: request.body, notDone: .refused)
        let dead = DeadRecord(copy: copy, cause: "expired", attempts: 1, lastHTTPStatus: 500, lastStatus: 2000, diedAt: request.time)
        let resolution = DeadResolution(partition: 0, offset: 1, copyID: copy.id, kind: .replayed, at: request.time, by: "anna")
        for (letter, kinds, record) in [
            ("Q", "Q", request.outgoing(to: topics)), ("C", "C", copy.outgoing(to: topics)), ("R", "R", reply.outgoing(to: topics)),
            (
                "A", "A",
                AnnouncementRecord(request: request, node: "0x1", original: .init(from: request.from, to: request.to)).outgoing(to: topics)
            ), ("D", "CD", dead.outgoing(to: topics)),
            ("X", "X", resolution.outgoing(to: topics, key: nil)),
        ] {
            let listed = rows.filter { row in row.cells[1].contains { kinds.contains($0) } }.flatMap(\.names)
            #expect(Set(listed) == names(record), "\(letter)")
        }
        let all = Set(rows.flatMap(\.names))
        #expect(HeaderName.allCases.allSatisfy { all.contains($0.rawValue) }, "a header that no record above has is in neither")
    }

    // MARK: Records

    private func fullRequest() throws -> RequestRecord {
        var request = RequestRecord(
            id: "request-1", time: Timestamp(milliseconds: 1_700_000_000_000), module: .cdrs, interface: .receiver, method: .post,
            version: .v2_2_1, from: try #require(PartyID("DE-CPO")), to: try #require(PartyID("NL-MSP")), path: "p", query: "q=1",
            requestID: "r", correlationID: "c", signature: "s", origin: .node("https://other.example"), stateVersion: 1,
            deadline: Timestamp(milliseconds: 1_700_000_030_000), reply: ReplyAddress(partition: 1, epoch: 2), target: "https://t/1",
            trace: TraceContext(traceparent: "00", tracestate: "x=y"), contentType: "application/json", contentEncoding: "gzip",
            body: ByteBuffer(string: "{}"), key: "k", isStored: true)
        request.originalReceiver = PartyID("CH-OCN")
        request.copyID = "copy-0"
        return request
    }

    private func fullCopy() throws -> CopyRecord {
        var copy = try copy(of: fullRequest())
        copy.replayedAt = copy.request.time
        return copy
    }

    private func leastCopy() throws -> CopyRecord {
        let full = try fullRequest()
        return try copy(
            of: RequestRecord(
                id: full.id, time: full.time, module: full.module, interface: full.interface, method: .get, version: full.version,
                from: full.from, to: full.to, path: "", requestID: "r", correlationID: "c", stateVersion: 1))
    }

    private func copy(of request: RequestRecord) throws -> CopyRecord {
        CopyRecord(
            of: request, id: "copy-1", for: try #require(PartyID("DE-BIL")), permission: try #require(Permission(rawValue: 8)))
    }

    private func names(_ record: OutgoingRecord) -> Set<String> { Set(record.headers.fields.map(\.name)) }

    // MARK: Reading Markdown

    /// A row of the table under "Headers": the names in its first cell, and all cells.
    private static func rows(of page: String) -> [(names: [String], cells: [String])] {
        let section = page.components(separatedBy: "### Headers\n").last?.components(separatedBy: "###").first ?? ""
        return section.split(separator: "\n").filter { $0.hasPrefix("| `") }.map { line in
            let cells = line.split(separator: "|").map { $0.trimmingCharacters(in: .whitespaces) }
            return (cells[0].replacing("`", with: "").components(separatedBy: ", "), cells)
        }
    }

    /// The code blocks of one language.
    private static func blocks(_ language: String, of page: String) -> [String] {
        page.components(separatedBy: "```\(language)\n").dropFirst().compactMap { $0.components(separatedBy: "```").first }
    }

    /// `key: …`, headers, an empty line and the body, if there is one.
    private static func record(_ block: String) throws -> IncomingRecord {
        let parts = block.components(separatedBy: "\n\n")
        var fields = parts[0].split(separator: "\n").map { line in
            let pair = line.split(separator: ": ", maxSplits: 1).map(String.init)
            return RecordHeader(name: pair[0], value: pair[1])
        }
        let key = fields.removeFirst()
        try #require(key.name == "key")
        return IncomingRecord(
            topic: "ocn.outbox.DE-BIL", partition: 0, offset: 0, key: key.value,
            value: parts.count > 1 ? ByteBuffer(string: parts[1].trimmingCharacters(in: .newlines)) : nil, headers: RecordHeaders(fields))
    }
}
