import Inbound
import NIOCore

/// Divides this process's open files, each connection being one, between its users. Kafka clients and calls to parties come first, the
/// private listener has a fixed share, so that it answers whatever happens on the public one, and the public listener gets the rest.
package struct ConnectionPlan: Equatable {
    /// Maximum number of connections of parties and nodes.
    let publicConnections: Int
    /// Maximum number of these from one address.
    let perAddress: Int
    /// Proxies, whose connections count for their clients.
    let trustedProxies: TrustedProxies
    /// Maximum number of connections of operators.
    let privateConnections: Int
    /// Maximum number of these from one address.
    let privatePerAddress: Int

    /// The default maximum of public connections.
    static let most = 10_000
    /// Enough files for ``most`` and all other uses.
    package static let wantedFiles = 65_536

    /// - Parameters:
    ///   - configuration: what the operator configured.
    ///   - files: the limit of open files of this process; nil for none.
    ///   - cores: number of cores of this machine; each needs some files.
    /// - Throws: if the limit is too low for the configuration, or for any node.
    init(_ configuration: NodeConfiguration, files: Int?, cores: Int = System.coreCount) throws(ConfigurationError) {
        let files = files ?? Self.wantedFiles
        let isPublic = configuration.roles.contains(.ingress)
        let own = Self.own(files, cores)
        let privateShare = min(1000, max(16, files / 8))
        let privateConnections = configuration.privateConnections ?? privateShare
        let left = files - own - privateConnections
        guard left >= (isPublic ? Self.fewest : 0) else {
            throw ConfigurationError(
                description:
                    "this process may have only \(files) files open (ulimit -n), and needs \(own) for Kafka and calls to parties, "
                    + "\(privateConnections) for http.private.connections and \(isPublic ? Self.fewest : 0) for parties. Raise the limit, "
                    + "e.g. ulimit -n 65536, LimitNOFILE= of systemd, or --ulimit nofile= of Docker.")
        }
        let publicConnections = configuration.publicConnections ?? min(Self.most, left)
        guard !isPublic || publicConnections <= left else {
            throw ConfigurationError(
                description:
                    "http.public.connections is \(publicConnections), but this process may have only \(files) files open (ulimit -n): that "
                    + "leaves \(left) for it. Raise the limit or lower the setting.")
        }
        self.publicConnections = publicConnections
        self.privateConnections = privateConnections
        perAddress = configuration.publicConnectionsPerAddress ?? max(1, publicConnections / 2)
        privatePerAddress =
            configuration.privateConnectionsPerAddress ?? max(min(Self.ofOneOperator, privateConnections), privateConnections / 2)
        trustedProxies = TrustedProxies(configuration.trustedProxies)
    }

    /// The share of Kafka clients and calls. With many cores a process has many event loops and threads, but with a small limit they must
    /// not use all files.
    private static func own(_ files: Int, _ cores: Int) -> Int { max(128 + min(8 * cores, files / 8), files / 4) }

    /// Maximum number of running calls to parties and nodes: half of the share of calls and Kafka, because a connection stays open for some
    /// time after its call.
    static func calls(files: Int?, cores: Int = System.coreCount) -> Int { own(files ?? wantedFiles, cores) / 2 }

    /// Maximum number of calls of EXCHANGE among these: in total, above which requests wait, and to one recipient, so that three
    /// unresponsive recipients do not use all. A quarter remains for PUSH and for handshakes.
    static func exchange(calls: Int, perRecipient: Int) -> (inTotal: Int, perRecipient: Int) {
        let inTotal = max(1, min(8192, calls - calls / 4))
        return (inTotal, max(1, min(perRecipient, inTotal / 4)))
    }

    /// The minimum number of public connections.
    private static let fewest = 32
    /// Minimum per address: probes, Prometheus and `ocn` may share one address, and each keeps a connection or two.
    private static let ofOneOperator = 8

    /// The limits of the public listener.
    var publicLimits: InboundLimits {
        var limits = InboundLimits(connections: publicConnections, connectionsPerAddress: perAddress)
        limits.trustedProxies = trustedProxies
        return limits
    }

    /// The limits of the private listener. One address cannot use all connections, so that operators can connect from another.
    var privateLimits: InboundLimits {
        var limits = InboundLimits(connections: privateConnections, connectionsPerAddress: privatePerAddress)
        limits.answerBytes = 64 * 1024 * 1024
        return limits
    }
}
