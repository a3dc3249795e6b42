import Encoding

/// The endpoints that a platform advertised, in a separate record; used if the platform's own record has no endpoints.
struct PlatformEndpoints: Sendable, Equatable {
    let platform: String
    let endpoints: [Endpoint]
}

// MARK: - In ocn.state

extension FactKey {
    /// The key of a platform's endpoint list.
    package static func endpoints(_ platform: String) -> String { "\(PlatformEndpoints.kind)/\(platform)" }
}

extension Fact {
    /// The endpoints that a platform advertised.
    package static func endpoints(platform: String, _ endpoints: [Endpoint]) -> Fact {
        Fact(PlatformEndpoints(platform: platform, endpoints: endpoints))
    }
}

extension PlatformEndpoints: StateFact {
    static let kind = "endpoints"
    var key: String { FactKey.endpoints(platform) }
    var subject: String? { platform }

    var json: JSONValue { ["platform": .string(platform), "endpoints": .array(endpoints.map(\.json))] }

    init?(json: JSONValue) {
        guard let platform = json["platform"]?.string, let list = json["endpoints"]?.array else { return nil }
        self.init(platform: platform, endpoints: list.compactMap(Endpoint.init(json:)))
    }

    func add(to state: inout DirectoryState) { state.platforms.set(self, of: platform) }
    func remove(from state: inout DirectoryState) { state.platforms.set(nil, of: platform) }
}
