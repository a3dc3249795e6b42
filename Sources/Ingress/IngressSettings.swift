package import Inbound
package import OCPI

/// The settings of the public listener and its requests.
package struct IngressSettings: Sendable {
    /// URL at which parties and nodes reach this node, without a slash at the end. It is part of every URL that the node hands out.
    package var publicURL: String
    /// Address to listen on.
    package var host: String
    /// Port to listen on; 0 lets the system choose.
    package var port: Int
    /// The hub's own party, e.g. CH-OCN. Requests to it are broadcasts or lists of all parties.
    package var hub: PartyID
    /// The hub's name in its credentials.
    package var hubName: String
    /// Ethereum address of this node's operator, lower case with 0x. Only parties that the registry lists under it may register here.
    package var nodeAddress: String
    /// How long a caller waits for the recipient's answer.
    package var requestTimeout: Duration
    /// Different timeouts for single modules.
    package var moduleTimeouts: [ModuleID: Duration]
    /// Maximum bytes of a request body; larger ones are answered 413 and not written to Kafka.
    package var bodyLimit: Int
    /// Maximum sum of a request's header names and values, bytes; larger ones are answered 413.
    package var headerLimit: Int
    /// Maximum number of requests that are being received or wait for their answer; further ones are answered 503.
    package var maxPending: Int
    /// Maximum bytes of bodies held by those requests; further ones are answered 503.
    package var maxPendingBytes: Int
    /// The limits of the public listener.
    package var connections: InboundLimits
    /// This process's partition of `ocn.replies`; nil for a random one.
    package var replyPartition: Int32?
    /// Number of partitions of `ocn.replies`.
    package var replyPartitions: Int
    /// How long a `response_url` that came from another node is valid.
    package var linkTTL: Duration

    /// Maximum number of objects per page of a list that the hub combines.
    package var listLimit: Int
    /// Whether a list of all parties omits those that fail to answer, instead of failing. A missing object then no longer means that it was
    /// deleted.
    package var partialLists: Bool
    /// Whether every request must be signed by its sender. If false, only requests to recipients whose OcnRules require it.
    package var signatures: Bool
    /// How long a replaced token is still accepted.
    package var tokenOverlap: Duration

    /// - Parameter publicURL: a slash at the end is dropped.
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
        // The HTTP decoder answers its own limit with a generic error, so it is set well above the limit that is answered with an OCPI
        // error.
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
