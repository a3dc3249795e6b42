import OCPI

/// What is wrong with platforms as the shared state has them. They are judged when the log's end is reached: what was replaced or removed since
/// is no defect, though its older record may still be there.
struct PlatformDefects: Sendable {
    /// Platforms of which a record was read since they were judged last.
    private var unread: Set<String> = []
    /// Those whose unusable endpoints were told.
    private var told: Set<String> = []

    /// Takes note of a fact that was read.
    mutating func note(_ fact: Fact?) {
        switch fact?.content {
        case let platform as Platform: unread.insert(platform.id)
        case let endpoints as PlatformEndpoints: unread.insert(endpoints.platform)
        default: break
        }
    }

    /// What is to be told.
    /// - Returns: platforms whose token cannot be opened; and platforms with endpoints that cannot be called, with the modules and what is
    ///   wrong. Never a URL, which may hold a token.
    mutating func news(in directory: Directory) -> (unopened: [String], unusable: [(platform: String, endpoints: String)]) {
        defer { unread = [] }
        let platforms = unread.sorted()
        let unopened = platforms.filter { directory.platform(id: $0)?.outboundToken != nil && directory.outboundToken(of: $0) == nil }
        return (unopened, platforms.compactMap { platform in unusable(platform, in: directory).map { (platform, $0) } })
    }

    /// Nil if nothing is wrong, or was told already.
    private mutating func unusable(_ platform: String, in directory: Directory) -> String? {
        let defects = directory.endpoints(of: platform).compactMap { endpoint in
            URLJoin.defect(of: endpoint.url).map { "\(endpoint.module) (\(endpoint.interface.path)) \($0)" }
        }
        guard !defects.isEmpty else {
            told.remove(platform)
            return nil
        }
        guard told.insert(platform).inserted else { return nil }
        let more = defects.count > 8 ? "; and \(defects.count - 8) more" : ""
        return defects.prefix(8).joined(separator: "; ") + more
    }
}
