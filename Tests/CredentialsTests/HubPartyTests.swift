import Credentials
import Directory
import OCPI
import Testing

@Suite struct HubPartyTests {
    /// Operators list the hub's party in the registry, under this node.
    @Test(arguments: [[], [party("CH-OCN")]] as [[PartyID]], ["CH-OCN", "ch-ocn"])
    func noPlatformMayServeTheHubsParty(invited: [PartyID], name: String) throws {
        let peer = try PeerCredentials(HandshakePair.credentials(roles: [("CPO", "AT-NEW"), ("CPO", name)], token: "b"))
        let platform = Platform(id: "p", tokenAHash: "a", invited: invited + [party("AT-NEW")])
        #expect {
            try HandshakePair().registrationWriter.check(peer, for: platform)
        } throws: {
            "\($0)".contains("is this hub itself")
        }
    }
}
