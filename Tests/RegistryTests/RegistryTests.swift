import Directory
import Foundation
import OCPI
import Registry
import Testing

@Suite struct RegistryTests {
    static let yaml = """
        nodes:
          - operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4"
            url: https://node.example
        parties:
          - { party: DE-CPO, roles: [CPO], operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4" }
        services:
          - { provider: DE-BIL, name: Billing, permissions: [8, 6], delivery: topic }
        agreements:
          - { user: DE-CPO, provider: DE-BIL }
        """

    @Test func aFileGivesNodesPartiesServicesAndAgreements() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        #expect(entries.nodes.map(\.operatorAddress) == ["0x9bc1169ca09555bf2721a5c9ec6d69c8073bfeb4"])
        #expect(entries.nodes.map(\.url) == ["https://node.example"] && entries.nodes.map(\.dialect) == ["ocn-1"])
        #expect(entries.parties.map(\.party.description) == ["DE-CPO"] && entries.parties.map(\.roles) == [["CPO"]])
        #expect(entries.services.map(\.permissions) == [[8, 6]] && entries.services.map(\.delivery) == [.topic])
        #expect(entries.agreements.map { "\($0.user) \($0.provider)" } == ["DE-CPO DE-BIL"])
    }

    @Test func theExampleInConfigIsUnderstood() async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let entries = try await FileSource(path: root.appendingPathComponent("Config/registry.yaml").path).entries()
        #expect(entries.parties.count == 3 && entries.services.count == 1 && entries.agreements.count == 1)
    }

    @Test(arguments: [
        ("nodes: [{operator: nonsense, url: https://x}]", "nodes[0].operator is no address"),
        ("nodes: [{operator: \"0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4\", url: ftp://x}]", "nodes[0].url"),
        ("parties: [{party: DECPO, operator: \"0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4\"}]", "parties[0].party must be like DE-CPO"),
        ("services: [{provider: DE-BIL, permissions: []}]", "services[0].permissions must not be empty"),
        ("services: [{provider: DE-BIL, permissions: [8], delivery: pigeon}]", "services[0].delivery must be push or topic"),
        ("services: [{provider: DE-BIL, permissions: [eight]}]", "r.yaml"), ("nodes: {", "r.yaml"),
    ])
    func aMistakeIsNamedWithItsPlace(_ yaml: String, _ message: String) {
        #expect { try FileSource.parse(yaml, path: "r.yaml") } throws: { "\($0)".contains(message) }
    }

    @Test func aMissingFileSaysSo() async {
        await #expect { try await FileSource(path: "/nowhere/r.yaml").entries() } throws: { "\($0)".contains("/nowhere/r.yaml") }
    }

    @Test func publishingWritesOnlyWhatDiffersAndTakesBackWhatIsGone() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let first = entries.changes(against: directory, source: "file")
        #expect(first.changes.count == 4 && first.conflicts.isEmpty)
        for case .put(let fact) in first.changes { directory.apply(key: fact.key, fact) }
        #expect(entries.changes(against: directory, source: "file").changes.isEmpty, "publishing again changes nothing")

        var fewer = entries
        fewer.agreements = []
        fewer.nodes[0].url = "https://moved.example"
        let second = fewer.changes(against: directory, source: "file").changes
        #expect(second.contains(.put(.node(fewer.nodes[0]))))
        #expect(second.contains(.delete(key: "agreement/DE-CPO/DE-BIL")) && second.count == 2)
    }

    @Test func anEntryThatIsListedTwiceIsReportedAndTheFirstCounts() throws {
        var entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        var second = entries.nodes[0]
        second.url = "https://other.example"
        entries.nodes.append(second)
        let directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let (changes, conflicts) = entries.changes(against: directory, source: "file")
        #expect(changes.contains(.put(.node(entries.nodes[0]))) && !changes.contains(.put(.node(second))))
        #expect(conflicts == ["node/0x9bc1169ca09555bf2721a5c9ec6d69c8073bfeb4 is listed twice"])
    }

    @Test func entriesOfAnotherSourceAreLeftAloneAndReported() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        var directory = Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8)))
        let own = Fact.party(
            NetworkParty(party: try #require(PartyID("DE-CPO")), roles: [], operatorAddress: "0xab", source: "state"))
        directory.apply(key: own.key, own)
        let (changes, conflicts) = entries.changes(against: directory, source: "file")
        #expect(!changes.contains { $0 == .put(.party(entries.parties[0])) })
        #expect(conflicts == ["party/DE-CPO is already defined by source 'state'"])
        #expect(RegistryEntries().changes(against: directory, source: "file").changes.isEmpty)
    }
}
