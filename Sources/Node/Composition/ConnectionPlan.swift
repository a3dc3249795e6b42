import Inbound
import NIOCore

/// How this process shares out the files that it may have open, of which every connection is one: clients of Kafka and calls to parties come
/// first, the private listener has its own, so that it answers whatever happens on the public one, and the public one gets the rest.
package struct ConnectionPlan: Equatable {
    /// Most connections of parties and nodes.
    let publicConnections: Int
    /// Of those from one address.
    let perAddress: Int
    /// Proxies, whose connections count for their clients.
    let trustedProxies: TrustedProxies
    /// Most connections of operators.
    let privateConnections: Int
    /// Of those from one address.
    let privatePerAddress: Int

    /// Connections that nobody needs more of.
    static let most = 10_000
    /// Enough files for ``most`` and all the rest.
    package static let wantedFiles = 65_536

    /// - Parameters:
    ///   - configuration: what the operator decided.
    ///   - files: how many this process may have open; nil for any number.
    ///   - cores: of this machine; each costs some files.
    /// - Throws: if there are too few for what was decided, or at all.
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

    /// For clients of Kafka and calls. A machine with many cores gives a process many event loops and threads, but a small limit need not go to
    /// them alone.
    private static func own(_ files: Int, _ cores: Int) -> Int { max(128 + min(8 * cores, files / 8), files / 4) }

    /// Most calls to parties and nodes at a time: half of what is there for them and Kafka, because a connection stays for a moment after its
    /// call.
    static func calls(files: Int?, cores: Int = System.coreCount) -> Int { own(files ?? wantedFiles, cores) / 2 }

    /// Of those, most calls of EXCHANGE: in all, beyond which requests wait, and to one recipient, so that three that hang do not take all. A
    /// quarter is left for PUSH and for handshakes.
    static func exchange(calls: Int, perRecipient: Int) -> (inTotal: Int, perRecipient: Int) {
        let inTotal = max(1, min(8192, calls - calls / 4))
        return (inTotal, max(1, min(perRecipient, inTotal / 4)))
    }

    /// With fewer it is not worth while.
    private static let fewest = 32
    /// Probes, Prometheus and `ocn` may all come from one address, and each keeps a connection or two.
    private static let ofOneOperator = 8

    /// For the public listener.
    var publicLimits: InboundLimits {
        var limits = InboundLimits(connections: publicConnections, connectionsPerAddress: perAddress)
        limits.trustedProxies = trustedProxies
        return limits
    }

    /// For the private listener. Whoever has come to it from one address leaves room for who watches from another.
    var privateLimits: InboundLimits {
        var limits = InboundLimits(connections: privateConnections, connectionsPerAddress: privatePerAddress)
        limits.answerBytes = 64 * 1024 * 1024
        return limits
    }
}
