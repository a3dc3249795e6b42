package import Encoding
package import OCPI

/// The status of a platform (OCPI 2.2.1, 14.4.1 ConnectionStatus).
package enum PlatformStatus: String, Sendable, CaseIterable {
    /// Invited or expected, not registered yet.
    case planned = "PLANNED"
    /// Registered and reachable.
    case connected = "CONNECTED"
    /// Registered and not answering.
    case offline = "OFFLINE"
    /// No longer part of the network.
    case suspended = "SUSPENDED"
}

/// The credentials of a party's backend that is, or may become, connected to this node.
package struct Platform: Sendable, Equatable {
    /// This node's id for the platform, a UUID.
    package var id: String
    /// The hash of the token that only permits versions and credentials: token A while the platform may register, and, while this node
    /// registers with it, its next token. Nil afterwards.
    package var tokenAHash: String?
    /// When token A expires; nil for never.
    package var tokenAExpires: Timestamp?
    /// Hashes of the tokens with which it may call this node; two during a rotation.
    package var tokenCHashes: [String]
    /// The encrypted token with which this node calls it.
    package var outboundToken: SealedSecret?
    /// The encoding of that token in `Authorization`.
    package var tokenEncoding: TokenEncoding
    /// The URL of its versions endpoint.
    package var versionsURL: String?
    /// The negotiated version.
    package var version: OCPIVersion?
    /// The parties it acts for.
    package var roles: [PlatformRole]
    /// The parties that the operator invited through this platform. It may act for no others, unless its token A was issued without
    /// parties.
    package var invited: [PartyID]
    /// When each of these invitations expires; never for a party without an entry.
    package var invitedUntil: [PartyID: Timestamp]
    /// Replaced tokens that are still valid.
    package var retiringTokens: [RetiringToken]
    /// The endpoints it advertised with these credentials; nil in a record of an older version, which stores them in a separate record.
    package var endpoints: [Endpoint]?
    /// The number of changes of this record. Of several successors of one record the first in the log counts; 0 in a record of an older
    /// version, which always counts.
    package var revision: Int64

    package init(
        id: String, tokenAHash: String? = nil, tokenAExpires: Timestamp? = nil, tokenCHashes: [String] = [],
        outboundToken: SealedSecret? = nil,
        tokenEncoding: TokenEncoding = .base64, versionsURL: String? = nil, version: OCPIVersion? = nil, roles: [PlatformRole] = [],
        invited: [PartyID] = [], invitedUntil: [PartyID: Timestamp] = [:], retiringTokens: [RetiringToken] = [],
        endpoints: [Endpoint]? = nil, revision: Int64 = 0
    ) {
        self.id = id
        self.tokenAHash = tokenAHash
        self.tokenAExpires = tokenAExpires
        self.tokenCHashes = tokenCHashes
        self.outboundToken = outboundToken
        self.tokenEncoding = tokenEncoding
        self.versionsURL = versionsURL
        self.version = version
        self.roles = roles
        self.invited = invited
        self.invitedUntil = invitedUntil
        self.retiringTokens = retiringTokens
        self.endpoints = endpoints
        self.revision = revision
    }

    /// The most roles of one platform. Each of them is stored and announced to all platforms.
    package static let maxRoles = 64

    /// Whether the credentials handshake is complete.
    package var isRegistered: Bool { !tokenCHashes.isEmpty }

    /// The record that replaces this one.
    package func changed(_ edit: (inout Platform) -> Void) -> Platform {
        var next = self
        edit(&next)
        next.revision = revision + 1
        return next
    }

    /// Whether the platform has neither registered nor renewed its credentials in between, which always changes the tokens; invitations and
    /// the encoding may differ.
    package func hasSameCredentials(as other: Platform) -> Bool {
        id == other.id && tokenAHash == other.tokenAHash && tokenCHashes == other.tokenCHashes && outboundToken == other.outboundToken
    }
}
