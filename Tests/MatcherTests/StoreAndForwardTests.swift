import Directory
import Encoding
import Kafka
import Matcher
import NIOCore
import OCPI
import Testing
import Topics

@Suite struct StoreAndForwardTests {
    @Test func theRecipientGetsTheSendersRequest() throws {
        let original = try stored()
        let announcement = try #require(StoreAndForward.announcement(of: original, in: directory()))
        let request = announcement.request
        #expect(announcement.node == nil && request.from.description == "de-cpo" && request.to.description == "NL-MSP")
        #expect(request.signature == "signature" && request.correlationID == original.correlationID, "the signature still fits")
        #expect((request.module, request.interface, request.method) == (original.module, original.interface, original.method))
        #expect((request.path, request.query, request.body) == (original.path, original.query, original.body))
        #expect((request.contentType, request.version, request.time) == (original.contentType, original.version, original.time))
        #expect(request.deadline == nil && request.reply == nil && !request.isStored)
        #expect(request.stateVersion == 77, "the state from which it was made")

        let record = announcement.outgoing(to: TopicNames())
        #expect(record.topic == "ocn.announce" && record.key == "NL-MSP|DE-CPO|sessions|S1")
        #expect(record.headers["ce_ocpifrom"] == "de-cpo" && record.headers["ce_ocnsignature"] == "signature")
        #expect(record.headers["ce_ocnstored"] == nil)
        let again = try AnnouncementRecord(
            IncomingRecord(
                topic: record.topic, partition: 0, offset: 0, key: record.key, value: record.value, headers: record.headers))
        #expect(again.request.from == original.from && again.request.id == request.id && again.request.body == original.body)
    }

    @Test func theSameRequestAlwaysHasTheSameIDAndNeverThatOfACopy() throws {
        let original = try stored()
        var again = original
        (again.id, again.time) = ("another record", Timestamp(milliseconds: 9))
        let id = try #require(StoreAndForward.announcement(of: original, in: directory())).request.id
        #expect(id.utf8.count == 32 && id != Fanout.copyID(of: original, for: original.to))
        #expect(StoreAndForward.announcement(of: again, in: try directory())?.request.id == id)
        again.body = ByteBuffer(string: "[]")
        #expect(StoreAndForward.announcement(of: again, in: try directory())?.request.id != id)
    }

    @Test func whetherTheRuleStillStandsDoesNotMatterButTheMarkDoes() throws {
        let directory = try directory()
        #expect(directory.storeRules.isEmpty)
        func isAnnounced(_ change: (inout RequestRecord) -> Void) throws -> Bool {
            var request = try stored()
            change(&request)
            return StoreAndForward.announcement(of: request, in: directory) != nil
        }
        #expect(try isAnnounced { _ in })
        #expect(try isAnnounced { $0.origin = .node("https://other.example") })
        #expect(try !isAnnounced { $0.isStored = false })
        #expect(try !isAnnounced { $0.origin = .hub })
        #expect(try !isAnnounced { $0.target = "https://cpo/page" })
        #expect(try !isAnnounced { $0.module = ModuleID(rawValue: "parking") })
    }

    @Test func servicesGetTheirCopiesAsOfAnyRequestAndTheHubBroadcastsNothing() throws {
        let directory = try directory()
        let request = try stored()
        let copies = Fanout.copies(of: request, in: directory)
        #expect(copies.map(\.request.to.description) == ["DE-BIL"])
        #expect(copies.first?.outgoing(to: TopicNames()).headers["ce_ocnstored"] == nil)
        var foreign = request
        foreign.origin = .node("https://other.example")
        #expect(Fanout.copies(of: foreign, in: directory).isEmpty, "the sender's own node makes them")
        #expect(Broadcast.announcements(of: request, hub: try Broadcaster.hub, in: directory).isEmpty)
    }

    /// The record that INGRESS writes.
    private func stored() throws -> RequestRecord {
        var request = try Broadcaster.request(from: "de-cpo", .sessions)
        request.to = try #require(PartyID("NL-MSP"))
        request.path = "DE/CPO/S1"
        request.query = "x=1"
        request.signature = "signature"
        request.key = "DE-CPO|sessions|S1"
        request.isStored = true
        return request
    }

    private func directory() throws -> Directory {
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let provider = try #require(PartyID("DE-BIL"))
        let facts =
            try Broadcaster.platform("cpo", [("DE-CPO", "CPO")], [])
            + Broadcaster.platform("msp", [("NL-MSP", "EMSP")], [.sessions])
            + [
                .service(NetworkService(provider: provider, name: "Billing", permissions: [6], delivery: .push, source: "test")),
                .agreement(Agreement(user: try #require(PartyID("DE-CPO")), provider: provider, source: "test")),
            ]
        for fact in facts { directory.apply(key: fact.key, fact) }
        directory.advance(to: 77)
        return directory
    }
}
