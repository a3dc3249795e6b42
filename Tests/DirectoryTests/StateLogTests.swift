import Kafka
import Logging
import NIOCore
import OCPI
import Support
import Testing
import Topics
import Wire

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
}
