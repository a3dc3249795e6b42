import Encoding
import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Testing
import Topics

@testable import Directory

/// What is told of records in `ocn.state` that something is wrong with.
@Suite struct StateLogTests {
    private func records(_ facts: [Fact]) -> [IncomingRecord] {
        facts.enumerated().map { offset, fact in
            IncomingRecord(
                topic: "ocn.state", partition: 0, offset: Int64(offset), key: fact.key, value: fact.json.encoded(), headers: RecordHeaders()
            )
        }
    }

    @Test func timesInTheFutureAreToldOnceNotWithEachRecord() {
        let lines = LogLines()
        let snapshot = StateSnapshot(secrets: NodeSecrets(current: Array("a secret of the node".utf8)), logger: lines.logger)
        let late = Timestamp.now.adding(milliseconds: 3_600_000)
        snapshot.apply(.records(records((0..<5).map { .status(platform: "p\($0)", .connected, late) }), next: 5))
        #expect(lines.notable.count { $0.text.contains("a time in the future") } == 1)
        #expect(snapshot.current.status(of: "p4") == .connected, "each is taken all the same")
    }

    @Test func aTokenThatCannotBeOpenedIsToldWithTheSettingToLookAt() throws {
        let theirs = NodeSecrets(current: Array("the secret of other processes".utf8))
        let lines = LogLines()
        let ours = StateSnapshot(secrets: NodeSecrets(current: Array("a secret of the node".utf8)), logger: lines.logger)
        let platforms = (0..<3).map { Fact.platform(Platform(id: "p\($0)", outboundToken: theirs.seal(Token("b")))) }
        ours.apply(.records(records(platforms), next: 3))
        ours.apply(.end(next: 3))
        let told = lines.notable.filter { $0.text.contains("cannot be opened with this node's secret: node.secret must be the same") }
        #expect(told.count == 1 && told.first?.level == .error)
        let right = LogLines()
        let snapshot = StateSnapshot(secrets: theirs, logger: right.logger)
        snapshot.apply(.records(records(platforms), next: 3))
        snapshot.apply(.end(next: 3))
        #expect(right.notable.isEmpty)
    }

    @Test func aTokenThatWasReplacedOrRemovedSinceIsNotTold() {
        let (before, now) = (NodeSecrets(current: Array("a secret of last year".utf8)), NodeSecrets(current: Array("the secret".utf8)))
        let lines = LogLines()
        let snapshot = StateSnapshot(secrets: now, logger: lines.logger)
        let old = Fact.platform(Platform(id: "p", outboundToken: before.seal(Token("b"))))
        let new = Fact.platform(Platform(id: "p", outboundToken: now.seal(Token("b"))))
        snapshot.apply(.records(records([old, old]), next: 2))
        snapshot.apply(.records(records([old, new]), next: 4))
        let gone = Fact.platform(Platform(id: "q", outboundToken: now.seal(Token("b"))))
        var removal = records([gone, gone])
        removal[1].value = nil
        snapshot.apply(.records(removal, next: 6))
        snapshot.apply(.end(next: 6))
        #expect(lines.notable.isEmpty)
    }

    @Test func endpointsOfAnEarlierVersionThatCannotBeCalledAreToldOnceForEachPlatform() {
        let lines = LogLines()
        let snapshot = StateSnapshot(secrets: NodeSecrets(current: Array("a secret of the node".utf8)), logger: lines.logger)
        func endpoints(_ platform: String, _ urls: String...) -> Fact {
            let modules: [ModuleID] = [.locations, .tokens]
            return .endpoints(
                platform: platform, zip(modules, urls).map { Endpoint(module: $0, interface: .receiver, url: $1) })
        }
        let good = endpoints("good", "https://p.example/locations?key=secret")
        let bad = endpoints("bad", "https://p.example/l?key=secret#x", "https://me:secret@p.example/t")
        // What was mended since is not told, though its older record is still there.
        let mended = [endpoints("mended", "https://p.example/l#x"), endpoints("mended", "https://p.example/l")]
        snapshot.apply(.records(records([good, bad] + mended), next: 4))
        #expect(lines.notable.isEmpty)
        snapshot.apply(.end(next: 4))
        snapshot.apply(.records(records([bad]), next: 5))
        snapshot.apply(.end(next: 5))
        snapshot.apply(.restarted)
        snapshot.apply(.records(records([good, bad]), next: 2))
        snapshot.apply(.end(next: 2))
        let told = lines.notable.filter { $0.text.contains("cannot be called as they stand") }
        #expect(told.count == 1 && told.first?.level == .warning && told.first?.metadata["platform"] == "bad")
        #expect(
            told.first?.metadata["endpoints"]
                == "locations (receiver) has a fragment; tokens (receiver) is not an absolute http or https URL without user information")
        #expect(!lines.all.contains { "\($0.text) \($0.metadata)".contains("secret") || $0.text.contains("p.example") })
        // Whoever breaks it again is told of again.
        snapshot.apply(.records(records([endpoints("bad", "https://p.example/l")]), next: 3))
        snapshot.apply(.end(next: 3))
        snapshot.apply(.records(records([bad]), next: 4))
        snapshot.apply(.end(next: 4))
        #expect(lines.notable.count { $0.text.contains("cannot be called as they stand") } == 2)
    }
}
