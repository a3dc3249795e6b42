package import Encoding
import HashTreeCollections
package import OCPI

// Connected platforms.
extension Directory {
    /// The rights of a presented token.
    package enum TokenUse: Sendable {
        /// Token A: versions and credentials only.
        case registration
        /// Token C: everything.
        case credentials
    }

    /// The platform that a token belongs to.
    /// - Parameters:
    ///   - tokens: the possible readings of one `Authorization` header, tried in turn.
    ///   - now: replaced tokens and tokens A that have expired by then are unknown.
    package func platform(
        presenting tokens: [Token], now: Timestamp = .now
    ) -> (platform: Platform, use: TokenUse, token: Token)? {
        for token in tokens {
            // Looked up by hash, so that timing says nothing about valid tokens.
            let hash = TokenHash.of(token)
            guard let id = snapshot.state.platforms.idsByTokenHash[hash], let platform = platform(id: id) else { continue }
            if let retiring = platform.retiringTokens.first(where: { $0.hash == hash }), retiring.until <= now { continue }
            guard platform.tokenAHash == hash else { return (platform, .credentials, token) }
            if let end = platform.tokenAExpires, end <= now { continue }
            return (platform, .registration, token)
        }
        return nil
    }

    /// The platform with this id.
    package func platform(id: String) -> Platform? { snapshot.state.platforms.byID[id] }

    /// The registered platform that serves a party here; nil if the party is not connected to this node.
    package func platform(of party: PartyID) -> Platform? { snapshot.state.platforms.platform(of: party) }

    /// The claim that counts for a party: that of a platform that registered with it, otherwise the earliest, which is not used for
    /// routing. It does not depend on the order in which records are read or compacted.
    package func claim(of party: PartyID) -> PartyClaim? { snapshot.state.platforms.claim(of: party) }

    /// All claims of a party in the order in which they were written.
    package func claims(of party: PartyID) -> [PartyClaim] { snapshot.state.platforms.claimsByParty[party] ?? [] }

    /// Whether the claim's platform has not (yet) registered with that party.
    package func isPending(_ claim: PartyClaim) -> Bool { snapshot.state.platforms.isPending(claim) }

    /// Whether the platform serves the party: it registered with it, and its claim counts.
    package func serves(_ platform: Platform, _ party: PartyID) -> Bool { self.platform(of: party)?.id == platform.id }

    /// The endpoints that a platform advertised.
    package func endpoints(of platform: String) -> [Endpoint] { snapshot.state.platforms.endpoints(of: platform) }

    /// The URL of a platform's module interface; the first if it lists several.
    package func endpoint(of platform: String, _ module: ModuleID, _ interface: InterfaceRole) -> String? {
        endpoints(of: platform).first { $0.module == module && $0.interface == interface }?.url
    }

    /// The token with which this node calls a platform.
    package func outboundToken(of platform: String) -> Token? { snapshot.state.platforms.outboundTokens[platform] }

    /// The `Authorization` value for calls to a platform, in the platform's token encoding.
    package func authorization(for platform: Platform) -> String? {
        outboundToken(of: platform.id)?.authorization(encoding: platform.tokenEncoding)
    }

    /// The tokens with which platforms are called: the number of those that this process can decrypt, and the platforms of the others.
    package var sealedTokens: (readable: Int, unreadable: [String]) {
        (snapshot.state.platforms.outboundTokens.count, snapshot.state.platforms.unreadableTokens.sorted())
    }

    /// The status of a platform; `planned` if none is stored.
    package func status(of platform: String) -> PlatformStatus { snapshot.state.platforms.reachability[platform]?.status ?? .planned }

    /// When a platform last sent a message; nil if it never did.
    package func lastUpdated(of platform: String) -> Timestamp? { snapshot.state.platforms.reachability[platform]?.time }

    /// Claims of parties with which their platforms have not registered. O(claims).
    package var pendingClaims: [PartyClaim] { snapshot.state.platforms.claimsByParty.values.joined().filter(isPending) }

    /// All platforms, by id. O(platforms).
    package var platforms: [Platform] { snapshot.state.platforms.byID.values.sorted { $0.id < $1.id } }
}
