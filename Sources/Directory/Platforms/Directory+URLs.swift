import HashTreeCollections
package import OCPI

// Checks of parties' URLs for which the hub hands out URLs of its own.
extension Directory {
    /// The reason why this node may not call a URL that one of its parties hands out, as the end of a sentence about the URL; nil if it
    /// may. Checked when the hub URL is made and again when it is used.
    package func defect(of url: String, handedOutBy party: PartyID) -> String? {
        if let defect = URLJoin.defect(of: url) { return defect }
        guard let platform = platform(of: party) else { return "is one of \(party), which is not connected to this node" }
        guard owns(party, url: url) else {
            let known = origins(of: platform.id).joined(separator: ", ")
            return
                "is at \(URLJoin.origin(of: url) ?? "no server"), but the endpoints of \(party) are at \(known.isEmpty ? "no server" : known)"
        }
        guard !leadsToConfiguration(url, of: party, on: platform) else {
            return "leads to credentials, versions or client infos of \(party)"
        }
        return nil
    }

    /// Whether a request to an endpoint of a module leads to a resource that only the party's platform and this node may use. If the
    /// endpoint lies above such a resource, or shares a path with it, a path or a query may lead there. O(1) for all others; checked for
    /// every call.
    /// - Parameter endpoint: as the platform registered it.
    package func leadsToConfiguration(_ url: String, of party: PartyID, _ module: ModuleID, below endpoint: String) -> Bool {
        guard !ModuleID.configuration.contains(module), let platform = platform(of: party),
            snapshot.state.platforms.endpointsAboveConfiguration[platform.id]?.contains(endpoint) == true
        else { return false }
        return leadsToConfiguration(url, of: party, on: platform)
    }

    /// Also true for a spelling that only some servers accept for such a resource, unless the URL lies below another endpoint that is as
    /// specific.
    private func leadsToConfiguration(_ url: String, of party: PartyID, on platform: Platform) -> Bool {
        if modules(of: party, at: url).contains(where: { ModuleID.configuration.contains($0.module) }) { return true }
        let places = endpoints(of: platform.id)
        let others = places.filter { !ModuleID.configuration.contains($0.module) }
        let deepest = others.compactMap { URLJoin.depth(of: url, below: $0.url)?.segments }.max() ?? -1
        func resembles(_ place: String, isExact: Bool = false) -> Bool {
            guard let depth = URLJoin.resemblance(of: url, below: place), !isExact || depth.below == 0 else { return false }
            return depth.segments > deepest || (depth.segments == deepest && depth.parameters > 0)
        }
        if places.contains(where: { ModuleID.configuration.contains($0.module) && resembles($0.url) }) { return true }
        if let versions = platform.versionsURL, resembles(versions, isExact: true) { return true }
        // Servers differ in which of two values of one parameter they use.
        return (snapshot.state.platforms.endpointsAboveConfiguration[platform.id] ?? []).contains { endpoint in
            URLJoin.depth(of: url, below: endpoint) != nil && URLJoin.repeatsParameters(of: endpoint, in: url)
        }
    }

    /// Whether a URL has the origin of an endpoint that the party's platform registered, or one that the operator has listed for it. Only
    /// such URLs are called for the party.
    package func owns(_ party: PartyID, url: String) -> Bool {
        guard let platform = platform(of: party), let origin = URLJoin.origin(of: url) else { return false }
        return endpoints(of: platform.id).contains { URLJoin.origin(of: $0.url) == origin }
            || furtherOrigins(of: platform.id).contains(origin)
    }

    /// Further origins that the operator has listed for a platform's URLs.
    package func furtherOrigins(of platform: String) -> [String] { snapshot.state.platforms.origins[platform]?.origins ?? [] }

    private func origins(of platform: String) -> [String] {
        Set(endpoints(of: platform).compactMap { URLJoin.origin(of: $0.url) } + furtherOrigins(of: platform)).sorted()
    }

    /// The modules of the most specific endpoint of a party's platform below which a URL lies; empty if there is none. The versions
    /// endpoint counts, but URLs below it do not, because they may be anything.
    package func modules(of party: PartyID, at url: String) -> [(module: ModuleID, interface: InterfaceRole)] {
        guard let platform = platform(of: party) else { return [] }
        var places = endpoints(of: platform.id)
        if let versions = platform.versionsURL, URLJoin.depth(of: url, below: versions)?.below == 0 {
            places.append(Endpoint(module: .versions, interface: .sender, url: versions))
        }
        let found = places.compactMap { place in URLJoin.depth(of: url, below: place.url).map { (depth: $0, place: place) } }
        guard let deepest = found.map(\.depth).max() else { return [] }
        return found.filter { depth, place in
            // Servers differ in which of two values of one parameter they use.
            let mayBeMeant = depth.segments == deepest.segments && depth.parameters > 0 && ModuleID.configuration.contains(place.module)
            return depth == deepest || mayBeMeant
        }.map { ($0.place.module, $0.place.interface) }
    }

    /// Whether a party's URL lies below an endpoint of that interface. Another node may then request it; it may request any other URL only
    /// if that was handed out to it.
    package func lies(_ url: String, below module: ModuleID, _ interface: InterfaceRole, of party: PartyID) -> Bool {
        modules(of: party, at: url).contains { $0.module == module && $0.interface == interface }
    }
}
