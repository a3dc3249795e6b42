import HashTreeCollections
package import OCPI

// The URLs of a party's own that stand behind those that the hub hands out.
extension Directory {
    /// What keeps this node from calling a URL for others that a party of it hands out, as the end of a sentence about the URL; nil if nothing
    /// does. Asked when the hub makes a URL of its own for it, and again when that is used.
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

    /// Whether a request to an endpoint of a module leads to a place that is between the party's platform and this node only. Where the
    /// endpoint lies above such a place, or shares a path with it, a path or a query might. O(1) for all others, which is asked for every call.
    /// - Parameter endpoint: as the platform registered it.
    package func leadsToConfiguration(_ url: String, of party: PartyID, _ module: ModuleID, below endpoint: String) -> Bool {
        guard !ModuleID.configuration.contains(module), let platform = platform(of: party),
            snapshot.state.platforms.endpointsAboveConfiguration[platform.id]?.contains(endpoint) == true
        else { return false }
        return leadsToConfiguration(url, of: party, on: platform)
    }

    /// Also in a spelling that only some servers take for such a place, unless the URL lies below another endpoint that is as specific.
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
        // Of two values of one parameter a server takes either.
        return (snapshot.state.platforms.endpointsAboveConfiguration[platform.id] ?? []).contains { endpoint in
            URLJoin.depth(of: url, below: endpoint) != nil && URLJoin.repeatsParameters(of: endpoint, in: url)
        }
    }

    /// Whether a URL has the origin of an endpoint that the party's platform registered, or one that the operator has listed for it. Only
    /// such URLs are called for it.
    package func owns(_ party: PartyID, url: String) -> Bool {
        guard let platform = platform(of: party), let origin = URLJoin.origin(of: url) else { return false }
        return endpoints(of: platform.id).contains { URLJoin.origin(of: $0.url) == origin }
            || furtherOrigins(of: platform.id).contains(origin)
    }

    /// Where URLs of a platform may lead besides its endpoints, as the operator listed it.
    package func furtherOrigins(of platform: String) -> [String] { snapshot.state.platforms.origins[platform]?.origins ?? [] }

    private func origins(of platform: String) -> [String] {
        Set(endpoints(of: platform).compactMap { URLJoin.origin(of: $0.url) } + furtherOrigins(of: platform)).sorted()
    }

    /// The modules whose endpoint of a party's platform a URL lies below: those of the most specific one. Empty if it lies below none.
    /// Where the platform has its versions counts as one of them, but not what lies below: that may be anything.
    package func modules(of party: PartyID, at url: String) -> [(module: ModuleID, interface: InterfaceRole)] {
        guard let platform = platform(of: party) else { return [] }
        var places = endpoints(of: platform.id)
        if let versions = platform.versionsURL, URLJoin.depth(of: url, below: versions)?.below == 0 {
            places.append(Endpoint(module: .versions, interface: .sender, url: versions))
        }
        let found = places.compactMap { place in URLJoin.depth(of: url, below: place.url).map { (depth: $0, place: place) } }
        guard let deepest = found.map(\.depth).max() else { return [] }
        return found.filter { depth, place in
            // Of two values of one parameter a server takes either.
            let mayBeMeant = depth.segments == deepest.segments && depth.parameters > 0 && ModuleID.configuration.contains(place.module)
            return depth == deepest || mayBeMeant
        }.map { ($0.place.module, $0.place.interface) }
    }

    /// Whether a URL of a party's is one of that interface by where it lies. Another node may ask for it then; for any other only if that
    /// was handed out to it.
    package func lies(_ url: String, below module: ModuleID, _ interface: InterfaceRole, of party: PartyID) -> Bool {
        modules(of: party, at: url).contains { $0.module == module && $0.interface == interface }
    }
}
