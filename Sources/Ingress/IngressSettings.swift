package import Inbound
package import OCPI

/// What an operator decides about the public side of a node.
package struct IngressSettings: Sendable {
    /// Where parties and nodes reach this node from outside, without a slash at the end; stands in every URL it hands out.
    package var publicURL: String
    /// Address to listen on.
    package var host: String
    /// Port to listen on; 0 lets the system choose.
    package var port: Int
    /// The hub's own party, e.g. CH-OCN. Who names it as receiver means everybody concerned.
    package var hub: PartyID
    /// The hub's name in its credentials.
    package var hubName: String
    /// Ethereum address of this node's operator, lower case with 0x. Only parties the registry lists under it may register here.
    package var nodeAddress: String
    /// How long a caller waits for the recipient.
    package var requestTimeout: Duration
    /// Other waits for single modules.
    package var moduleTimeouts: [ModuleID: Duration]
    /// Largest request body, bytes; larger ones get 413 before Kafka.
    package var bodyLimit: Int
    /// Largest sum of a request's header names and values, bytes; larger ones get 413.
    package var headerLimit: Int
    /// Most requests being received or waiting for their answer at once; further ones get 503.
    package var maxPending: Int
    /// Most bytes of bodies held by those; further ones get 503.
    package var maxPendingBytes: Int
    /// What the public listener bears.
    package var connections: InboundLimits
    /// This process's partition of `ocn.replies`; nil takes one at random.
    package var replyPartition: Int32?
    /// Partitions of `ocn.replies`.
    package var replyPartitions: Int
    /// How long a `response_url` that came from another node may be called.
    package var linkTTL: Duration

    /// Most objects on a page of a list that the hub itself makes.
    package var listLimit: Int
    /// Whether a list of all parties leaves those out that cannot be asked, instead of failing. Absence then no longer means "gone".
    package var partialLists: Bool
    /// Whether every request must be signed by its sender; otherwise only where the recipient's OcnRules want it.
    package var signatures: Bool
    /// How long a replaced token is still accepted.
    package var tokenOverlap: Duration

    /// - Parameters: as the properties say; one slash at the end of the URL is dropped.
    package init(
        publicURL: String, host: String = "127.0.0.1", port: Int = 8080, hub: PartyID, hubName: String = "Open Charging Network Node",
        nodeAddress: String, requestTimeout: Duration = .seconds(30), moduleTimeouts: [ModuleID: Duration] = [:],
        bodyLimit: Int = 1024 * 1024, headerLimit: Int = 32 * 1024, maxPending: Int = 10_000,
        maxPendingBytes: Int = 256 * 1024 * 1024, connections: InboundLimits = InboundLimits(),
        replyPartition: Int32? = nil, replyPartitions: Int, linkTTL: Duration = .seconds(24 * 3600),
        listLimit: Int = 1000, partialLists: Bool = false, signatures: Bool = false, tokenOverlap: Duration = .zero
    ) {
        self.publicURL = URLJoin.trimmed(publicURL)
        self.host = host
        self.port = port
        self.hub = hub
        self.hubName = hubName
        self.nodeAddress = nodeAddress.lowercased()
        self.requestTimeout = requestTimeout
        self.moduleTimeouts = moduleTimeouts
        self.bodyLimit = bodyLimit
        self.headerLimit = headerLimit
        self.maxPending = maxPending
        self.maxPendingBytes = maxPendingBytes
        self.connections = connections
        // The decoder's own limit is told in general words, so it stands well above the one that OCPI's answer names.
        self.connections.headBytes = 2 * headerLimit
        self.replyPartition = replyPartition
        self.replyPartitions = replyPartitions
        self.linkTTL = linkTTL
        self.listLimit = max(1, listLimit)
        self.partialLists = partialLists
        self.signatures = signatures
        self.tokenOverlap = tokenOverlap
    }

    func timeout(for module: ModuleID) -> Duration { moduleTimeouts[module] ?? requestTimeout }
}
