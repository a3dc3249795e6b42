import OCPI

/// Faults in the stored data of platforms. They are evaluated at the end of the log, because older records may have been replaced or
/// removed since.
struct PlatformDefects: Sendable {
    /// Platforms with a record since the last evaluation.
    private var unread: Set<String> = []
    /// Platforms whose unusable endpoints were reported.
    private var reported: Set<String> = []

    /// Notes a fact that was read.
    mutating func note(_ fact: Fact?) {
        switch fact?.content {
        case let platform as Platform: unread.insert(platform.id)
        case let endpoints as PlatformEndpoints: unread.insert(endpoints.platform)
        default: break
        }
    }

    /// The faults to report.
    /// - Returns: platforms whose token cannot be decrypted; and platforms with endpoints that cannot be called, with the modules and the
    ///   faults. Never a URL, which may contain a token.
    mutating func news(in directory: Directory) -> (unopened: [String], unusable: [(platform: String, endpoints: String)]) {
        defer { unread = [] }
        let platforms = unread.sorted()
        let unopened = platforms.filter { directory.platform(id: $0)?.outboundToken != nil && directory.outboundToken(of: $0) == nil }
        return (unopened, platforms.compactMap { platform in unusable(platform, in: directory).map { (platform, $0) } })
    }

    /// The faults of a platform's endpoints; nil if there are none, or they were reported already.
    private mutating func unusable(_ platform: String, in directory: Directory) -> String? {
        let defects = directory.endpoints(of: platform).compactMap { endpoint in
            URLJoin.defect(of: endpoint.url).map { "\(endpoint.module) (\(endpoint.interface.path)) \($0)" }
        }
        guard !defects.isEmpty else {
            reported.remove(platform)
            return nil
        }
        guard reported.insert(platform).inserted else { return nil }
        let more = defects.count > 8 ? "; and \(defects.count - 8) more" : ""
        return defects.prefix(8).joined(separator: "; ") + more
    }
}
