import Directory
import OCPI
import Registry
import Testing

@testable import ocn

@Suite struct RegistryTextTests {
    private let address = "0x11b2d450ff69aed749389ce8a984eb2ea2b91cf2"

    @Test func aChangeSaysWhatChanged() throws {
        let cpo = try #require(PartyID("DE-CPO"))
        let old = Fact.party(NetworkParty(party: cpo, roles: ["CPO"], operatorAddress: address, source: "state"))
        let new = Fact.party(
            NetworkParty(party: cpo, roles: ["CPO", "HUB"], partyAddress: address, operatorAddress: address, source: "state"))
        #expect(RegistryText.outcome(.added, new, added: "it is new") == "it is new")
        #expect(RegistryText.outcome(.unchanged, new, added: "") == "party DE-CPO stands so already: nothing was changed")
        #expect(
            RegistryText.outcome(.changed(from: old), new, added: "")
                == #"party DE-CPO is changed: roles was ["CPO"], is ["CPO","HUB"]; address was nothing, is "\#(address)""#)
    }

    @Test func permissionsAreReadAsInAFile() throws {
        #expect(try RegistryCommand.permission("8") == 8)
        for text in ["010", "+8", "8.0", "", "eight"] { #expect(throws: (any Error).self) { try RegistryCommand.permission(text) } }
    }

    @Test func whatOthersWroteCannotSteerATerminal() throws {
        let service = NetworkService(
            provider: try #require(PartyID("DE-BIL")), name: "\u{1B}[2J", permissions: [8], source: "state")
        #expect(RegistryText.list([.service(service)]).allSatisfy { $0.contains("'\\u{1b}[2J'") })
    }

    @Test func aRefusalSaysEverythingAndThatNothingWasChanged() throws {
        let error = RegistryText.refusal(RegistryError(problems: ["one thing", "another"]))
        #expect("\(error)" == "one thing\n       another. Nothing was changed.")
        let users = try (10..<35).map { number in
            Fact.party(
                NetworkParty(
                    party: try #require(PartyID("DE-A\(number)")), roles: ["CPO"], operatorAddress: address, source: "state"))
        }
        let node = Fact.node(NetworkNode(operatorAddress: address, url: "https://n.example", source: "state"))
        let lines = "\(RegistryText.refusal(RegistryInUse(entry: node, dependents: users)))".split(separator: "\n")
        #expect(lines.first == "node \(address) is needed by:" && lines.count == 23)
        #expect(lines[1] == "  party DE-A10" && lines[21] == "  and 5 more" && lines[22].hasSuffix("--force"))
        #expect(RegistryText.removed("node x", with: []) == ["node x is removed"])
        #expect(RegistryText.removed("node x", with: [users[0]]) == ["node x is removed, and with it:", "  party DE-A10"])
    }
}
