import Encoding
import Kafka
import NIOCore
import OCPI
import Support
import Testbed
import Testing
import Topics

@testable import Directory

/// What counts of several changes of one platform's record, by the order of the log, and what compaction leaves of it.
@Suite struct PlatformChangesTests {
    private let secrets = NodeSecrets(current: Array("a secret of the node".utf8))
    private let time = Timestamp(milliseconds: 1_700_000_000_000)
    private let cpo = PartyID("DE-CPO")

    private func platform(_ revision: Int64, _ token: String, id: String = "p") -> Fact {
        let roles = cpo.map { [PlatformRole(role: "CPO", party: $0)] } ?? []
        return .platform(Platform(id: id, tokenCHashes: [TokenHash.of(Token(token))], roles: roles, revision: revision))
    }

    private func read(_ log: [FactChange]) -> Directory {
        var directory = Directory(secrets: secrets)
        for change in log {
            switch change {
            case .put(let fact): directory.apply(key: fact.key, fact)
            case .delete(let key): directory.apply(key: key, nil)
            }
        }
        return directory
    }

    /// What Kafka keeps: the newest record of each key.
    private func compacted(_ log: [FactChange]) -> [FactChange] {
        var known: Set<String> = []
        return Array(log.reversed().filter { known.insert($0.key).inserted }.reversed())
    }

    private func knows(_ token: String, _ directory: Directory) -> Bool { directory.platform(presenting: [Token(token)]) != nil }

    // MARK: Removal

    @Test func aPlatformThatWasRemovedStaysGoneWhateverIsWrittenAboutItAndWhen() throws {
        let party = try #require(cpo)
        let writes: [FactChange] = [
            .put(.gone(platform: "p", time)), .delete(key: FactKey.platform("p")), .put(platform(7, "late")),
            .put(.claim(PartyClaim(party: party, platform: "p", since: time))), .put(.status(platform: "p", .connected, time)),
        ]
        for seed in 1...40 as ClosedRange<UInt64> {
            var numbers = SeededNumbers(seed: seed)
            var order = writes
            for place in order.indices.dropFirst() { order.swapAt(place, numbers.below(place + 1)) }
            let log = [.put(platform(1, "early"))] + order + [.put(platform(1, "new", id: "q"))]
            for log in [log, compacted(log)] {
                let directory = read(log)
                #expect(directory.platform(id: "p") == nil && !knows("early", directory) && !knows("late", directory), "seed \(seed)")
                #expect(directory.platform(of: party) == nil && directory.platforms.map(\.id) == ["q"], "seed \(seed)")
                #expect(knows("new", directory), "a new registration is another platform")
            }
        }
    }

    @Test func aRemovalIsForgottenWhenNothingOfThePlatformIsLeft() {
        var log: [FactChange] = [
            .put(.gone(platform: "p", time)), .put(platform(2, "late")), .put(.status(platform: "p", .connected, time)),
        ]
        #expect(read(log).forgettable(by: time).isEmpty)
        #expect(read(log).orphanedKeys == [FactKey.platform("p"), FactKey.status("p")])
        log += read(log).orphanedKeys.map { .delete(key: $0) }
        #expect(read(log).forgettable(by: time) == ["p"] && read(log).forgettable(by: time.adding(milliseconds: -1)).isEmpty)
    }

    // MARK: Changes

    @Test func ofTwoChangesOfOneRecordTheFirstInTheLogCounts() {
        let log: [FactChange] = [.put(platform(1, "old")), .put(platform(2, "rotated")), .put(platform(2, "old"))]
        let directory = read(log)
        #expect(knows("rotated", directory) && !knows("old", directory), "a token that was replaced does not come back")
        #expect(directory.overruledFacts == [platform(3, "rotated")])
        // Written again, it is also what compaction leaves.
        let mended = log + directory.overruledFacts.map(FactChange.put)
        #expect(read(mended).overruledFacts.isEmpty)
        #expect(knows("rotated", read(compacted(mended))) && !knows("old", read(compacted(mended))))
        #expect(knows("next", read(mended + [.put(platform(4, "next"))])))
    }

    /// The segment that is written to is not compacted: of the closed ones only the record that was overruled may be left.
    @Test func whoHasReadOnlyTheRecordThatWasOverruledTakesWhatStands() {
        let log: [FactChange] = [.put(platform(5, "old")), .put(platform(6, "first")), .put(platform(6, "second"))]
        let mended = log + read(log).overruledFacts.map(FactChange.put)
        let late = compacted(log) + mended.dropFirst(log.count)
        #expect(knows("first", read(late)) && !knows("second", read(late)) && knows("first", read(mended)))
        #expect(read(late).platform(id: "p") == read(mended).platform(id: "p"))
    }

    /// A writer repeats a write whose outcome it does not know.
    @Test func theFirstRecordAgainDoesNotMendWhatCompactionWouldLeave() {
        let log: [FactChange] = [.put(platform(6, "first")), .put(platform(6, "second")), .put(platform(6, "first"))]
        #expect(read(log).overruledFacts == [platform(7, "first")])
    }

    /// Somebody else changes the record while it is written again: whoever is first in the log counts, for everybody.
    @Test func aThirdChangeAtTheSameTimeIsNotLostUnseen() {
        let log: [FactChange] = [.put(platform(6, "first")), .put(platform(6, "second"))]
        let again = read(log).overruledFacts.map(FactChange.put)
        let third: [FactChange] = [.put(platform(7, "third"))]
        for (order, winner) in [(third + again, "third"), (again + third, "first")] {
            #expect(knows(winner, read(log + order)), "\(winner)")
            let mended = log + order + read(log + order).overruledFacts.map(FactChange.put)
            #expect(read(mended).overruledFacts.isEmpty, "\(winner)")
            for length in 0...mended.count {
                #expect(knows(winner, read(compacted(Array(mended.prefix(length))) + mended.dropFirst(length))), "\(winner), \(length)")
            }
        }
    }

    @Test func theSameRecordAgainChangesNothing() {
        let directory = read([.put(platform(1, "c")), .put(platform(2, "d")), .put(platform(2, "d"))])
        #expect(knows("d", directory) && directory.overruledFacts.isEmpty)
    }

    /// They do not know of revisions.
    @Test func recordsOfOlderVersionsCountAsTheyAreWritten() {
        let directory = read([.put(platform(3, "c")), .put(platform(0, "d"))])
        #expect(knows("d", directory) && directory.overruledFacts.isEmpty)
        #expect(knows("e", read([.put(platform(3, "c")), .put(platform(0, "d")), .put(platform(1, "e"))])))
    }

    /// Writers that have read any earlier state, and write what stands again when they have lost: whoever starts later, from what compaction has
    /// left of any part of the log and the rest, sees what those see who have read everything.
    @Test(arguments: 1...30 as ClosedRange<UInt64>)
    func compactionAgreesWithWhoeverReadEverything(seed: UInt64) throws {
        var numbers = SeededNumbers(seed: seed)
        var log: [FactChange] = [.put(platform(1, "0"))]
        for step in 1...30 {
            let seen = read(Array(log.prefix(1 + numbers.below(log.count))))
            guard let platform = seen.platform(id: "p") else { continue }
            log.append(.put(.platform(platform.changed { $0.tokenCHashes = [TokenHash.of(Token("\(step)"))] })))
            // As the writer does, or the leader, who may have read less.
            if numbers.chance(70) { log += read(log).overruledFacts.map(FactChange.put) }
            if numbers.chance(10) { log += read(Array(log.prefix(1 + numbers.below(log.count)))).overruledFacts.map(FactChange.put) }
            if numbers.chance(5), let again = log.dropLast(numbers.below(3)).last { log.append(again) }
        }
        log += read(log).overruledFacts.map(FactChange.put)
        let standing = try #require(read(log).platform(id: "p"))
        for length in 0...log.count {
            let late = compacted(Array(log.prefix(length))) + log.dropFirst(length)
            #expect(read(late).platform(id: "p") == standing, "seed \(seed), compacted \(length) of \(log.count)")
        }
    }

    @Test(arguments: [(Int64.max, 0), (-1, 0), (1 << 53, 1 << 53), (5, 5)] as [(Int64, Int64)])
    func aRevisionThatNothingCanFollowIsNone(_ written: Int64, _ read: Int64) {
        let json: JSONValue = ["id": "p", "revision": .number(String(written))]
        guard let platform = Fact(key: "platform/p", json: json)?.value(as: Platform.self) else {
            Issue.record("not read")
            return
        }
        #expect(platform.revision == read)
    }

    @Test func endpointsBelongToTheCredentialsThatTheyCameWith() throws {
        func endpoint(_ url: String) -> Endpoint { Endpoint(module: .cdrs, interface: .receiver, url: url) }
        let registered = Platform(id: "p", tokenCHashes: ["c"], endpoints: [endpoint("https://winner")], revision: 2)
        let directory = read([.put(.platform(registered)), .put(.endpoints(platform: "p", [endpoint("https://loser")]))])
        #expect(directory.endpoint(of: "p", .cdrs, .receiver) == "https://winner")
        #expect(
            read([.put(.platform(Platform(id: "p"))), .put(.endpoints(platform: "p", [endpoint("https://old")]))])
                .endpoints(of: "p") == [endpoint("https://old")], "as older versions stored them")
    }

    // MARK: Times

    private func snapshot(_ platform: Platform, written: Timestamp?) -> Platform? {
        let snapshot = StateSnapshot(secrets: secrets, logger: LogLines().logger)
        let fact = Fact.platform(platform)
        snapshot.apply(
            .records(
                [
                    IncomingRecord(
                        topic: "ocn.state", partition: 0, offset: 0, timestamp: written?.milliseconds ?? -1, key: fact.key,
                        value: fact.json.encoded())
                ], next: 1))
        return snapshot.current.platform(id: platform.id)
    }

    /// As older versions wrote them.
    @Test func whatHasNoEndEndsThirtyDaysAfterItWasWrittenOrFirstSeen() throws {
        let party = try #require(cpo)
        let old = Platform(id: "p", tokenAHash: "a", invited: [party])
        let days = Platform.invitationLifetime
        let stamped = try #require(snapshot(old, written: time))
        #expect(stamped.tokenAExpires == time.adding(milliseconds: days) && !stamped.invites(party, now: time.adding(milliseconds: days)))
        #expect(stamped.invites(party, now: time.adding(milliseconds: days - 1)))
        let before = Timestamp.now
        let seen = try #require(snapshot(old, written: nil)?.tokenAExpires)
        #expect(seen >= before.adding(milliseconds: days) && seen <= Timestamp.now.adding(milliseconds: days))
        #expect(snapshot(Platform(id: "p", tokenCHashes: ["c"]), written: time)?.tokenAExpires == nil, "a platform that is registered")
    }

    @Test func noEndIsLaterThanAProcessSetsIt() throws {
        let party = try #require(cpo)
        let never = try #require(Timestamp(rfc3339: "9999-12-31T23:59:59Z"))
        let forged = Platform(
            id: "p", tokenAHash: "a", tokenAExpires: never, tokenCHashes: ["c"], invited: [party], invitedUntil: [party: never],
            retiringTokens: [RetiringToken(hash: "old", until: never)])
        let bounded = try #require(snapshot(forged, written: time))
        let latest = time.adding(milliseconds: RecordBounds.clockTolerance)
        #expect(bounded.tokenAExpires == latest.adding(milliseconds: Platform.invitationLifetime))
        #expect(bounded.invitedUntil == [party: latest.adding(milliseconds: Platform.invitationLifetime)])
        #expect(bounded.retiringTokens.map(\.until) == [latest.adding(milliseconds: Platform.longestOverlap)])
        // A stamp from the future makes it no longer.
        let ahead = try #require(snapshot(forged, written: never)?.tokenAExpires)
        #expect(ahead <= Timestamp.now.adding(milliseconds: Platform.invitationLifetime + 2 * RecordBounds.clockTolerance))
        let right = Platform(
            id: "p", tokenAHash: "a", tokenAExpires: time.adding(milliseconds: Platform.invitationLifetime), invited: [party],
            invitedUntil: [party: time], retiringTokens: [RetiringToken(hash: "old", until: time.adding(milliseconds: 1000))], revision: 3)
        #expect(snapshot(right, written: time) == right)
        #expect(Fact.gone(platform: "p", never).bounded(by: latest, written: time) == .gone(platform: "p", latest))
    }
}
