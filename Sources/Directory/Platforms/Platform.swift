package import Encoding
package import OCPI

/// Whether a platform can be reached (OCPI 2.2.1, 14.4.1 ConnectionStatus).
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

/// A party's backend that is, or may become, connected to this node: its credentials.
package struct Platform: Sendable, Equatable {
    /// Ours, a UUID.
    package var id: String
    /// Hash of the token that is good for versions and credentials only: token A while the platform may register, and, while this node
    /// registers with it, the token it is about to get. Nil afterwards.
    package var tokenAHash: String?
    /// From then on token A is good for nothing; nil for never.
    package var tokenAExpires: Timestamp?
    /// Hashes of the tokens it may call us with; two during a rotation.
    package var tokenCHashes: [String]
    /// The token we call it with, sealed.
    package var outboundToken: SealedSecret?
    /// How we write that token into `Authorization`.
    package var tokenEncoding: TokenEncoding
    /// Where its versions are.
    package var versionsURL: String?
    /// The version both agreed on.
    package var version: OCPIVersion?
    /// The parties it acts for.
    package var roles: [PlatformRole]
    /// The parties that the operator invited through this platform. It may act for no others, unless its token A was issued without a name.
    package var invited: [PartyID]
    /// Until when each of these invitations counts; one without an end counts for good.
    package var invitedUntil: [PartyID: Timestamp]
    /// Replaced tokens it may still call us with.
    package var retiringTokens: [RetiringToken]
    /// What it advertised with these credentials; nil in a record of an older version, which has them in a record of their own.
    package var endpoints: [Endpoint]?
    /// Counts the changes of this record. Of several that follow the same one the first in the log counts; 0 in a record of an older version,
    /// which counts whenever it was written.
    package var revision: Int64

    /// - Parameters: as the properties say.
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

    /// Most roles of one platform. Each of them is kept, and everybody is told of it.
    package static let maxRoles = 64

    /// Whether the credentials handshake is complete.
    package var isRegistered: Bool { !tokenCHashes.isEmpty }

    /// The record that follows this one.
    package func changed(_ edit: (inout Platform) -> Void) -> Platform {
        var next = self
        edit(&next)
        next.revision = revision + 1
        return next
    }

    /// Whether nobody has connected or renewed in between, which always brings new tokens: invitations and the encoding may differ.
    package func hasSameCredentials(as other: Platform) -> Bool {
        id == other.id && tokenAHash == other.tokenAHash && tokenCHashes == other.tokenCHashes && outboundToken == other.outboundToken
    }
}
