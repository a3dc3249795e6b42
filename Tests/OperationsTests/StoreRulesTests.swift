import Encoding
import Kafka
import OCPI
import Support
import Testing
import Topics

@testable import Directory
@testable import Operations

@Suite struct StoreRulesTests {
    @Test func rulesAreAddedListedAndRemovedAndSayWhetherAnythingChanged() async throws {
        try await withRules { rules, store in
            let sessions = try StoreRule(recipient: party("DE-MSP"), module: .sessions, method: .put)
            let tokens = try StoreRule(recipient: party("DE-CPO"), module: .tokens, method: .put)
            let dry = try await rules.add(sessions, isDryRun: true)
            #expect(dry.hasChanged && dry.isDryRun && rules.list().isEmpty)
            #expect(dry.description == "PUT of sessions to DE-MSP would be stored and forwarded from then on")

            #expect(
                try await rules.add(sessions, isDryRun: false).description
                    == "PUT of sessions to DE-MSP is stored and forwarded from now on")
            #expect(try await rules.add(tokens, isDryRun: false).hasChanged)
            #expect(rules.list() == [tokens, sessions] && rules.list(party("de-msp")) == [sessions])
            let again = try await rules.add(sessions, isDryRun: false)
            #expect(!again.hasChanged && again.description.hasSuffix("is stored and forwarded already: nothing changes"))

            let dryRemoval = try await rules.remove(sessions, isDryRun: true)
            #expect(dryRemoval.description == "PUT of sessions to DE-MSP would no longer be stored" && dryRemoval.notes.isEmpty)
            #expect(rules.list().count == 2)
            #expect(try await rules.remove(sessions, isDryRun: false).hasChanged)
            #expect(rules.list() == [tokens] && !store.directory.isStored(to: party("DE-MSP"), module: .sessions, method: .put))
            for isDryRun in [true, false] {
                await #expect {
                    _ = try await rules.remove(sessions, isDryRun: isDryRun)
                } throws: {
                    "\($0)" == "there is no rule for PUT of sessions to DE-MSP; nothing was changed. Nothing is stored for DE-MSP."
                }
            }
            let deletion = try StoreRule(recipient: party("DE-CPO"), module: .tariffs, method: .delete)
            await #expect {
                _ = try await rules.remove(deletion, isDryRun: false)
            } throws: { "\($0)".hasSuffix("Stored for it: PUT of tokens.") }
            #expect(rules.list() == [tokens])
        }
    }

    @Test func anOperatorIsToldWhyARuleMayNotDoWhatItSays() throws {
        let sessions = try StoreRule(recipient: party("DE-MSP"), module: .sessions, method: .put)
        let tariffs = try StoreRule(recipient: party("DE-MSP"), module: .tariffs, method: .put)
        let deletion = try StoreRule(recipient: party("DE-MSP"), module: .tariffs, method: .delete)
        var directory = Directory(secrets: secrets)
        func notes(_ rule: StoreRule) -> [String] { StoreRules.notes(on: rule, in: directory) }
        func know(_ facts: [Fact]) { for fact in facts { directory.apply(key: fact.key, fact) } }

        #expect(notes(sessions).first?.contains("not on the network") == true)
        know([.party(NetworkParty(party: party("DE-MSP"), roles: ["EMSP"], operatorAddress: "0xother", source: "test"))])
        #expect(notes(sessions).first?.contains("not connected to this node") == true)
        know([
            .platform(
                Platform(
                    id: "msp", tokenCHashes: [TokenHash.of(Token("c"))], roles: [PlatformRole(role: "EMSP", party: party("DE-MSP"))])),
            .claim(PartyClaim(party: party("DE-MSP"), platform: "msp", since: Timestamp(milliseconds: 1))),
        ])
        #expect(notes(sessions).first?.contains("no receiver interface of sessions") == true)
        know([
            .endpoints(
                platform: "msp",
                [ModuleID.sessions, .tariffs].map { Endpoint(module: $0, interface: .receiver, url: "https://msp.example/\($0)") })
        ])
        #expect(notes(sessions) == ["PATCH of sessions goes straight to DE-MSP and may overtake a PUT that waits"])
        #expect(notes(tariffs) == ["DELETE of tariffs goes straight to DE-MSP and may overtake a PUT that waits"])
        know([.storeRule(tariffs), .storeRule(deletion)])
        #expect(notes(tariffs).isEmpty && notes(deletion).isEmpty)
    }

    @Test func programsReadTheSameInJSON() throws {
        let rule = try StoreRule(recipient: party("DE-MSP"), module: .sessions, method: .put)
        let report = StoreRules.Report(rule: rule, isActive: true, hasChanged: true, isDryRun: false, notes: ["mind the gap"])
        let json =
            #"{"recipient":"DE-MSP","module":"sessions","method":"PUT","stored":true,"changed":true,"dry_run":false,"#
            + #""notes":["mind the gap"]}"#
        #expect(report.json.text == json)
    }

    private func withRules(_ body: (StoreRules, StateStore) async throws -> Void) async throws {
        let kafka = try await TestKafka()
        defer { kafka.close() }
        let producer = try Producer(kafka.settings, logger: kafka.logger)
        let store = StateStore(kafka: kafka.settings, topics: kafka.topics, secrets: secrets, logger: kafka.logger)
        try await store.start()
        #expect(await store.ready(timeout: .seconds(10)))
        let writer = StateWriter(producer: producer, topics: kafka.topics, store: store, logger: kafka.logger)
        try await body(StoreRules(topics: kafka.topics, store: store, writer: writer), store)
        await store.stop()
        await producer.close(flush: .seconds(1))
    }
}
