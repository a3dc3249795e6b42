import Directory
import Foundation
import Glibc
import OCPI
import Registry
import Testing

@Suite struct RegistryTests {
    static let address = "0x9bc1169ca09555bf2721a5c9ec6d69c8073bfeb4"
    static let yaml = """
        nodes:
          - operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4"
            url: https://node.example
        parties:
          - { party: DE-CPO, roles: [CPO], operator: "0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4" }
          - { party: DE-BIL, roles: [OTHER], operator: 0x9bC1169Ca09555bf2721A5C9eC6D69c8073bfeB4 }
        services:
          - { provider: DE-BIL, name: Billing, permissions: [8, 6], delivery: topic }
        agreements:
          - { user: DE-CPO, provider: DE-BIL }
        """

    @Test func aFileGivesNodesPartiesServicesAndAgreements() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        #expect(entries.nodes.map(\.operatorAddress) == [RegistryTests.address])
        #expect(entries.nodes.map(\.url) == ["https://node.example"] && entries.nodes.map(\.dialect) == ["ocn-1"])
        #expect(entries.parties.map(\.party.description) == ["DE-CPO", "DE-BIL"])
        #expect(entries.parties.map(\.roles) == [["CPO"], ["OTHER"]])
        #expect(entries.services.map(\.permissions) == [[8, 6]] && entries.services.map(\.delivery) == [.topic])
        #expect(entries.agreements.map { "\($0.user) \($0.provider)" } == ["DE-CPO DE-BIL"])
        #expect(entries.facts.allSatisfy { $0.registrySource == "file" })
    }

    @Test func theExampleInConfigIsUnderstood() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let entries = try FileSource(path: root.appendingPathComponent("Config/registry.yaml").path).entries()
        #expect(entries.parties.count == 3 && entries.services.count == 1 && entries.agreements.count == 1)
    }

    @Test func aMissingFileSaysSo() {
        #expect { try FileSource(path: "/nowhere/r.yaml").entries() } throws: { "\($0)".contains("/nowhere/r.yaml") }
    }

    @Test(.timeLimit(.minutes(5))) func aPipeIsNoRegistryFileAndAByteOrderMarkNoName() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ocn-registry-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let pipe = folder.appendingPathComponent("pipe.yaml").path
        #expect(mkfifo(pipe, 0o600) == 0)
        #expect {
            try FileSource(path: pipe).entries()
        } throws: {
            "\($0)" == "cannot read \(pipe): it is no regular file"
        }
        let marked = folder.appendingPathComponent("marked.yaml")
        try Data(("\u{FEFF}" + RegistryTests.yaml).utf8).write(to: marked)
        #expect(try FileSource(path: marked.path).entries().parties.count == 2)
    }

    @Test func publishingWritesDifferencesAndDeletesMissingEntries() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        var directory = emptyDirectory()
        let first = entries.changes(against: directory, source: "file")
        #expect(first.changes.count == 5 && first.conflicts.isEmpty)
        for case .put(let fact) in first.changes { directory.apply(key: fact.key, fact) }
        #expect(entries.changes(against: directory, source: "file").changes.isEmpty, "publishing again changes nothing")

        var fewer = entries
        fewer.services = []
        fewer.agreements = []
        fewer.nodes[0].url = "https://moved.example"
        let second = fewer.changes(against: directory, source: "file").changes
        let expected: [FactChange] = [
            .put(.node(fewer.nodes[0])), .delete(key: "agreement/DE-CPO/DE-BIL"), .delete(key: "service/DE-BIL"),
        ]
        #expect(second == expected, "what refers to another entry goes first")
    }

    @Test func entriesOfAnotherSourceAreLeftAloneAndReported() throws {
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        var directory = emptyDirectory()
        let own = Fact.party(NetworkParty(party: try party("DE-CPO"), roles: [], operatorAddress: "0xab", source: "state"))
        directory.apply(key: own.key, own)
        let (changes, conflicts) = entries.changes(against: directory, source: "file")
        #expect(!changes.contains { $0 == .put(.party(entries.parties[0])) })
        #expect(
            conflicts == [
                "party DE-CPO is already defined by source 'state', which wins: take it away with ocn registry remove-party DE-CPO"
            ])
        #expect(RegistryEntries().changes(against: directory, source: "file").changes.isEmpty)
    }

    @Test func dependentsAreFoundInRemovalOrder() throws {
        var directory = emptyDirectory()
        let entries = try FileSource.parse(RegistryTests.yaml, path: "r.yaml")
        for fact in entries.facts { directory.apply(key: fact.key, fact) }
        func dependents(_ fact: Fact) -> [String] { directory.dependents(of: fact).map(\.registryName) }
        let agreement = "agreement of DE-CPO with DE-BIL"
        #expect(dependents(.node(entries.nodes[0])) == [agreement, "service of DE-BIL", "party DE-BIL", "party DE-CPO"])
        #expect(dependents(.party(entries.parties[0])) == [agreement])
        #expect(dependents(.party(entries.parties[1])) == [agreement, "service of DE-BIL"])
        #expect(dependents(.service(entries.services[0])) == [agreement])
        #expect(dependents(.agreement(entries.agreements[0])).isEmpty)
    }
}

func emptyDirectory() -> Directory { Directory(secrets: NodeSecrets(current: Array("a secret of the node".utf8))) }

func party(_ text: String) throws -> PartyID { try #require(PartyID(text)) }
