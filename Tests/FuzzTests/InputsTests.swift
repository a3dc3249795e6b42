import Encoding
import Kafka
import NIOCore
import Notary
import OCPI
import Testing
import Topics

@testable import Fuzz

/// The output of the generators: the same for the same seed, and of every important kind.
@Suite struct InputsTests {
    private static let now = Timestamp(milliseconds: 1_800_000_000_000)
    private let material: Material

    init() throws { material = try Sample.material() }

    private func requests(_ count: Int, seed: UInt64 = 7) -> [RequestCase] {
        let inputs = Inputs(seed: seed, material)
        return (0..<count).map { inputs.request($0) }
    }

    private func messages(_ count: Int, seed: UInt64 = 7) -> [RequestCase] {
        let inputs = Inputs(seed: seed, material)
        return (0..<count).map { inputs.message($0) }
    }

    private func records(_ count: Int, seed: UInt64 = 7) -> [RecordCase] {
        let inputs = Inputs(seed: seed, material)
        return (0..<count).map { inputs.record($0, now: Self.now) }
    }

    // MARK: Repeatable

    @Test func theSameSeedMakesTheSameCases() {
        #expect(requests(200) == requests(200))
        #expect(messages(200) == messages(200))
        #expect(records(200).map(\.text) == records(200).map(\.text))
    }

    @Test func anotherSeedMakesOthers() {
        #expect(zip(requests(50), requests(50, seed: 8)).count { $0 == $1 } == 0)
        #expect(zip(messages(50), messages(50, seed: 8)).count { $0 == $1 } == 0)
        #expect(zip(records(50), records(50, seed: 8)).count { $0.text == $1.text } == 0)
    }

    /// A finding names one case, which must not depend on earlier ones.
    @Test func aCaseIsMadeWithoutThoseBeforeIt() {
        #expect(Inputs(seed: 7, material).request(150) == requests(151).last)
    }

    @Test func casesDifferFromEachOther() {
        #expect(Set(requests(300).map { $0.prefix(100_000) }).count > 280)
        #expect(Set(records(300).map(\.text)).count > 280)
    }

    // MARK: Kinds

    @Test func everyKindOfRequestComes() {
        let made = requests(1500)
        let kinds = Set(made.map(\.kind))
        let broken = [
            "random bytes", "mutated request", "request line", "header lines", "length and coding", "chunks", "pipelined", "huge",
        ].map { "HTTP: \($0)" }
        let clear = [
            "versions", "credentials", "client infos", "OcnRules", "custom module", "registry", "nowhere", "callback", "command", "module",
        ].map { "OCPI: \($0)" }
        #expect(kinds == Set(broken + clear))
        #expect(made.contains { $0.ending == .leave } && made.contains { $0.ending == .halfClose } && made.contains { $0.pieces.count > 1 })
        #expect(made.contains { $0.isHead } && made.contains { $0.isPlain })
    }

    @Test func aClearRequestIsOne() {
        for made in requests(1000) where made.due == .one {
            let text = String(decoding: made.prefix(1_000_000), as: UTF8.self)
            let head = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)[0]
            let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
            #expect(lines[0].split(separator: " ").count == 3 && lines[0].hasSuffix(" HTTP/1.1"), "\(made.kind): \(lines[0])")
            #expect(lines.count { $0.lowercased().hasPrefix("host:") } == 1, "\(made.kind)")
            #expect(!head.unicodeScalars.contains { $0.value == 0 }, "\(made.kind)")
            let framings = lines.count { $0.hasPrefix("Content-Length:") || $0.hasPrefix("Transfer-Encoding:") }
            #expect(framings <= 1, "\(made.kind)")
        }
    }

    @Test func bodiesAreDeepDoubledCutOffAndNoText() {
        let bodies = requests(1500).filter { $0.kind.hasPrefix("OCPI") }.map { $0.prefix(100_000) }
        let texts = bodies.map { String(decoding: $0, as: UTF8.self) }
        #expect(texts.contains { $0.contains(String(repeating: "[", count: 1000)) })
        #expect(texts.contains { $0.contains("99999999999999999999999999999999999") } && texts.contains { $0.contains("1e309") })
        #expect(texts.contains { $0.contains(#"\ud800"#) } && texts.contains { $0.contains("Content-Encoding: gzip") })
        #expect(bodies.contains { $0.firstRange(of: [0xEF, 0xBB, 0xBF]) != nil })
        #expect(bodies.contains { String(validating: $0, as: UTF8.self) == nil }, "bytes that are not UTF-8")
        #expect(texts.contains { $0.count(of: #""party_id":"#) > 1 }, "a member that stands twice")
    }

    @Test func messagesAreUnsignedBadlySignedAndWellSigned() {
        let made = messages(1500)
        let kinds = Set(made.map { String($0.kind.split(separator: ", ")[1]) })
        #expect(
            kinds == [
                "unsigned", "signed with nonsense", "signed by nobody", "signed for another body", "signature cut off",
                "signature with more",
                "well signed",
            ])
        #expect(made.contains { $0.kind.hasPrefix("node: client info") })
        #expect(made.count { $0.kind.hasSuffix("well signed") } > made.count / 2, "what is refused at once reaches little")
    }

    @Test func theSignatureOfAWellSignedMessageFitsItsBody() throws {
        let wanted = messages(200).filter {
            $0.kind.hasSuffix("well signed") && String(decoding: $0.prefix(4000), as: UTF8.self).contains("Content-Length")
        }
        for made in wanted {
            let bytes = made.prefix(10_000_000)
            let end = try #require(bytes.firstRange(of: Array("\r\n\r\n".utf8)))
            let head = String(decoding: bytes[..<end.lowerBound], as: UTF8.self)
            let line = try #require(head.split(separator: "\r\n").first { $0.hasPrefix("OCN-Signature: ") })
            let signer = NodeSignature.signer(
                of: Array(bytes[end.upperBound...]), signature: String(line.dropFirst("OCN-Signature: ".count)))
            #expect(signer == material.remoteKey.address)
        }
        #expect(!wanted.isEmpty)
    }

    @Test func everyTopicGetsRecords() {
        let made = records(2000)
        let topics = material.topics
        #expect(
            Set(made.map(\.record.topic)) == [
                topics.requests, topics.replies, topics.announce, topics.dead, topics.control, topics.state, topics.links,
                topics.outbox(material.service),
            ])
        #expect(made.contains { $0.record.value == nil } && made.contains { $0.record.key == nil })
        #expect(made.contains { ($0.record.value?.readableBytes ?? 0) > 60_000 }, "a value that is too long")
        #expect(made.contains { $0.record.headers.fields.contains { $0.value.utf8.count >= 30_000 } }, "a header that is too long")
        #expect(made.contains { $0.record.headers["ce_stateversion"] == "9223372036854775807" })
        #expect(made.contains { $0.record.headers["ce_time"] == "9999-12-31T23:59:59Z" })
    }

    /// Valid facts would change the node's behaviour for other parties, and its state must not grow with the number of cases.
    @Test func stateIsWrittenAboutFewPartiesThatNobodyElseUses() {
        let made = records(2000).filter { $0.record.topic == material.topics.state }
        let inPlay = [material.sender, material.receiver, material.service, material.remote].map(\.description)
        let kinds = ["platform", "endpoints", "claim", "party", "agreement", "service", "rule", "outbox", "breaker"]
        for kind in kinds { #expect(made.contains { $0.record.key?.hasPrefix("\(kind)/") == true }, "\(kind)") }
        let known = made.compactMap(\.record.key).filter { $0.contains("/XX-F0") || $0.contains("/fuzz-") || $0.hasPrefix("node/0x") }
        #expect(Set(known).count < 400 && known.count > made.count / 2)
        for key in made.compactMap(\.record.key) where kinds.contains(where: { key.hasPrefix("\($0)/") }) {
            #expect(!inPlay.contains { key.contains($0) }, "\(key)")
        }
        #expect(!made.contains { $0.record.key == "identity" || $0.record.key == "leader" })
    }

    // MARK: Oversized

    @Test func everyOversizedInputIsTooLong() {
        let oversized = Oversized(material)
        for request in oversized.requests + oversized.messages {
            #expect(request.due == .refusal && request.prefix(100_000).count > 6500, "\(request.kind)")
        }
        #expect(oversized.requests.count >= 14 && oversized.messages.count >= 7)
        for (record, id, outcome) in oversized.records {
            let longest = record.record.headers.fields.map(\.value.utf8.count).max() ?? 0
            #expect(longest >= 29_000 && record.record.headers["ce_id"] == id, "\(record.kind)")
            #expect(outcome == .anything || outcome == (record.record.topic == material.topics.requests ? .refused : .dead))
        }
        // In requests and copies, and in announcements to a party and a node.
        for name in ["ce_ocntarget", "content-encoding", "tracestate"] {
            let found = oversized.records.filter { ($0.record.record.headers[name]?.utf8.count ?? 0) > 60_000 }
            #expect(found.contains { $0.outcome == .refused } && found.contains { $0.outcome == .dead }, "\(name)")
            #expect(found.count { $0.record.record.topic == material.topics.announce } >= 2, "\(name)")
        }
        #expect(
            oversized.records.contains { $0.record.record.headers["traceparent"] == nil && $0.record.record.headers["tracestate"] != nil })
        #expect((oversized.endpoints(of: "p").record.value?.readableBytes ?? 0) > 350_000)
    }
}

extension String {
    fileprivate func count(of part: String) -> Int { ranges(of: part).count }
}
