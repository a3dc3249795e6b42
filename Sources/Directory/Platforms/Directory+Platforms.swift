package import Encoding
import HashTreeCollections
package import OCPI

// Who is connected.
extension Directory {
    /// What a presented token is good for.
    package enum TokenUse: Sendable {
        /// Token A: versions and credentials only.
        case registration
        /// Token C: everything.
        case credentials
    }

    /// The platform that a token belongs to.
    /// - Parameters:
    ///   - tokens: the possible readings of one `Authorization` header, tried in turn.
    ///   - now: replaced tokens, and tokens A, whose time has come are unknown.
    package func platform(
        presenting tokens: [Token], now: Timestamp = .now
    ) -> (platform: Platform, use: TokenUse, token: Token)? {
        for token in tokens {
            // Looked up by hash: the time this takes says nothing about the tokens we know.
            let hash = TokenHash.of(token)
            guard let id = snapshot.state.platforms.idsByTokenHash[hash], let platform = platform(id: id) else { continue }
            if let retiring = platform.retiringTokens.first(where: { $0.hash == hash }), retiring.until <= now { continue }
            guard platform.tokenAHash == hash else { return (platform, .credentials, token) }
            if let end = platform.tokenAExpires, end <= now { continue }
            return (platform, .registration, token)
        }
        return nil
    }

    /// The platform of this id.
    package func platform(id: String) -> Platform? { snapshot.state.platforms.byID[id] }

    /// The registered platform that serves a party here; nil if the party is not connected to this node.
    package func platform(of party: PartyID) -> Platform? { snapshot.state.platforms.platform(of: party) }

    /// The claim that counts for a party: of a platform that registered with it, otherwise the earliest, by which nothing is routed. It does
    /// not depend on the order in which records are read or compacted.
    package func claim(of party: PartyID) -> PartyClaim? { snapshot.state.platforms.claim(of: party) }

    /// All claims of a party, as they were written: of several platforms that claim it at once, the first.
    package func claims(of party: PartyID) -> [PartyClaim] { snapshot.state.platforms.claimsByParty[party] ?? [] }

    /// Whether the claim's platform has not (yet) registered with that party.
    package func isPending(_ claim: PartyClaim) -> Bool { snapshot.state.platforms.isPending(claim) }

    /// Whether the platform serves the party: it registered with it, and its claim counts.
    package func serves(_ platform: Platform, _ party: PartyID) -> Bool { self.platform(of: party)?.id == platform.id }

    /// What a platform advertised.
    package func endpoints(of platform: String) -> [Endpoint] { snapshot.state.platforms.endpoints(of: platform) }

    /// The URL of a platform's module interface; the first if it lists several.
    package func endpoint(of platform: String, _ module: ModuleID, _ interface: InterfaceRole) -> String? {
        endpoints(of: platform).first { $0.module == module && $0.interface == interface }?.url
    }

    /// The token we call a platform with.
    package func outboundToken(of platform: String) -> Token? { snapshot.state.platforms.outboundTokens[platform] }

    /// The `Authorization` value for calls to a platform, in the encoding it understands.
    package func authorization(for platform: Platform) -> String? {
        outboundToken(of: platform.id)?.authorization(encoding: platform.tokenEncoding)
    }

    /// The tokens with which platforms are called: how many can be decrypted here, and of which platforms one cannot.
    package var sealedTokens: (readable: Int, unreadable: [String]) {
        (snapshot.state.platforms.outboundTokens.count, snapshot.state.platforms.unreadableTokens.sorted())
    }

    /// Whether a platform can be reached; `planned` for one that never said.
    package func status(of platform: String) -> PlatformStatus { snapshot.state.platforms.reachability[platform]?.status ?? .planned }

    /// When a platform was last heard of; nil for one that never was.
    package func lastUpdated(of platform: String) -> Timestamp? { snapshot.state.platforms.reachability[platform]?.time }

    /// Claims of parties that their platforms have not registered with. O(claims).
    package var pendingClaims: [PartyClaim] { snapshot.state.platforms.claimsByParty.values.joined().filter(isPending) }

    /// All platforms, by id. O(platforms).
    package var platforms: [Platform] { snapshot.state.platforms.byID.values.sorted { $0.id < $1.id } }
}
