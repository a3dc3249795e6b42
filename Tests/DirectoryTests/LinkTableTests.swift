import Encoding
import Kafka
import OCPI
import Support
import Testing

@testable import Directory

@Suite struct LinkTableTests {
    private let msp = PartyID(country: "NL", party: "MSP")
    private let cpo = PartyID(country: "DE", party: "CPO")

    /// That `owner` made necessary.
    private func link(
        of owner: PartyID?, _ number: Int = 0, lives milliseconds: Int64 = 60_000, from now: Timestamp = .now
    ) throws -> Capability {
        let owner = try #require(owner)
        return Capability(
            kind: .callback, owner: owner, user: owner, target: .url("https://party.example/\(number)"),
            expires: now.adding(milliseconds: milliseconds))
    }

    private func record(_ id: String, _ link: Capability?) -> IncomingRecord {
        IncomingRecord(topic: "links", partition: 0, offset: 0, key: id, value: link?.json.encoded())
    }

    @Test func aLinkThatIsWrittenAgainAndAgainPushesOutNoOther() throws {
        let links = LinkTable(maxLinks: 3, maxPerParty: 10)
        links.apply([record("cpo-1", try link(of: cpo)), record("cpo-2", try link(of: cpo))])
        for times in 1...100 { links.apply([record("msp", try link(of: msp, times, lives: 60_000 + Int64(times)))]) }
        for times in 1...100 { links.apply([record("msp", try link(of: msp, times, lives: 70_000 - Int64(times)))]) }
        #expect(links["cpo-1"] != nil && links["cpo-2"] != nil)
        #expect(links["msp"]?.target == .url("https://party.example/100"))
        for _ in 1...100 { links.apply([record("gone", try link(of: msp)), record("gone", nil)]) }
        #expect(links["cpo-1"] != nil && links["cpo-2"] != nil && links["msp"] != nil && links["gone"] == nil)
    }

    @Test func whoHasTheMostLosesWhatExpiresFirst() throws {
        let links = LinkTable(maxLinks: 4, maxPerParty: 10)
        let now = Timestamp.now
        links.apply([record("cpo", try link(of: cpo, lives: 5000, from: now))])
        for number in 1...6 { links.apply([record("msp-\(number)", try link(of: msp, lives: 90_000 - Int64(number), from: now))]) }
        #expect(links["cpo"] != nil)
        #expect((1...6).filter { links["msp-\($0)"] != nil } == [1, 2, 3])
    }

    @Test func aLongURLTakesThePlacesOfSeveral() throws {
        func long(_ owner: PartyID?, _ bytes: Int, from now: Timestamp = .now) throws -> Capability {
            var link = try link(of: owner, from: now)
            link.target = .url("https://party.example/" + String(repeating: "x", count: bytes))
            return link
        }
        let links = LinkTable(maxLinks: 9, maxPerParty: 5)
        #expect(try links.reserve("msp-1", long(msp, 2000)))
        #expect(throws: LinkError.self) { try links.reserve("msp-2", long(msp, 1000)) }
        #expect(try links.reserve("msp-2", link(of: msp)))
        links.giveBack("msp-1")
        #expect(try links.reserve("msp-3", long(msp, 1600)), "what was not written gives all its places back")
        // In the log it stands without having asked here.
        links.apply([record("cpo", try link(of: cpo)), record("msp-3", try long(msp, 1600)), record("msp-4", try long(msp, 2100))])
        #expect(links["cpo"] != nil && links["msp-3"] == nil && links["msp-4"] != nil, "ten places are one too many")
        links.apply([record("msp-4", try link(of: msp)), record("msp-5", try long(msp, 1600)), record("msp-6", try long(msp, 600))])
        #expect(["cpo", "msp-4", "msp-5", "msp-6"].allSatisfy { links[$0] != nil }, "a short one in its place takes less: eight")
    }

    @Test func whatIsWrittenAnewExpiresByItsNewTime() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 1)
        let now = Timestamp.now
        links.apply([record("short", try link(of: msp, lives: 600_000)), record("short", try link(of: msp, lives: -1))])
        #expect(links["short"] == nil)
        #expect(try links.reserve("next", link(of: msp)))
        links.giveBack("next")
        var set = LinkSet()
        set.set("a", try link(of: cpo, lives: 10, from: now))
        set.set("a", try link(of: cpo, lives: 1000, from: now))
        set.set("b", try link(of: cpo, lives: 1000, from: now))
        set.set("b", try link(of: cpo, lives: 10, from: now))
        set.set("b", try link(of: msp, lives: 10, from: now))
        set.expire(now.adding(milliseconds: 100))
        #expect(set.byID.keys.sorted() == ["a"])
        let accounts = [LinkSet.Account(of: try link(of: cpo)), LinkSet.Account(of: try link(of: msp))]
        #expect(accounts.map { set.places(of: $0) } == [1, 0])
        set.expire(now.adding(milliseconds: 2000))
        #expect(set.byID.isEmpty && set.places == 0)
    }

    @Test func whatStandsWithHalfItsLifeLeftIsNotWrittenAgain() throws {
        let now = Timestamp.now
        let day: Int64 = 86_400_000
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        let id = Capability.handedOutPrefix + "1"
        links.apply([record(id, try link(of: msp, lives: 1000 * 60, from: now))])
        #expect(try !links.reserve(id, link(of: msp, lives: 1000 * 100, from: now)))
        #expect(try links.reserve(id, link(of: msp, lives: 1000 * 200, from: now)))
        #expect(try links.reserve(id, link(of: msp, 1, lives: 1000 * 60, from: now)))
        #expect(try links.reserve("other", link(of: msp, lives: 1000 * 60, from: now)))
        // Of a reservation: it works as long as that stands.
        var (known, wanted) = (try link(of: msp, lives: 10 * day, from: now), try link(of: msp, lives: 11 * day, from: now))
        #expect(!known.suffices(for: wanted, now))
        (known.kind, wanted.kind) = (.object, .object)
        #expect(known.suffices(for: wanted, now))
        // What is read anew may not have it any more.
        links.restart()
        #expect(try links.reserve(id, link(of: msp, lives: 1000 * 60, from: now)))
    }

    // MARK: Ids that another node chooses

    private func isTaken(_ id: String, for link: Capability, in links: LinkTable) -> Bool {
        do throws(LinkError) {
            _ = try links.reserve(id, link)
            return false
        } catch {
            guard case .taken = error else { return false }
            return true
        }
    }

    @Test func anIDThatStandsForAURLIsNobodyElses() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        // While it is being written, and when it stands.
        #expect(try links.reserve("uid", link(of: msp)))
        #expect(isTaken("uid", for: try link(of: cpo), in: links))
        links.apply([record("uid", try link(of: msp))])
        #expect(isTaken("uid", for: try link(of: cpo), in: links))
        #expect(links["uid"]?.owner == msp)
        links.restart()
        #expect(isTaken("uid", for: try link(of: cpo), in: links), "nor while the log is read anew")
        links.complete()
        #expect(try links.reserve("uid", link(of: cpo)))
    }

    @Test func anIDWhoseTimeIsOverIsFree() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        #expect(try links.reserve("uid", link(of: msp, lives: -1)))
        #expect(try links.reserve("uid", link(of: cpo)))
    }

    @Test func theSameAgainDoesNotLiveLongerAndTheOwnerMayChangeIt() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 10)
        let now = Timestamp.now
        links.apply([record("uid", try link(of: msp, lives: 60_000, from: now))])
        for later: Int64 in [60_000, 61_000, 200_000, 86_400_000] {
            #expect(try !links.reserve("uid", link(of: msp, lives: later, from: now)), "\(later)")
        }
        #expect(try links.reserve("uid", link(of: msp, 1)))
    }

    @Test func eachKindHasPlacesOfItsOwn() throws {
        let links = LinkTable(maxLinks: 10, maxPerParty: 1)
        for kind in [Capability.Kind.page, .object, .callback] {
            var link = try link(of: msp)
            link.kind = kind
            #expect(try links.reserve("\(kind) 1", link))
            let error = #expect(throws: LinkError.self) { try links.reserve("\(kind) 2", link) }
            #expect(error.map { $0.refusal(of: "URL").message.contains("1 hub URLs of this kind") } == true)
        }
    }
}
