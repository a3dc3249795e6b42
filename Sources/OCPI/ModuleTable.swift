import Encoding

/// A URL form that is served by a capability token instead of a party's own path.
package enum CapabilityUse: Sendable, Equatable {
    /// The next page of a list.
    case page(token: String)
    /// A CDR, read at the `Location` that its POST returned.
    case object(token: String)
    /// The asynchronous result of a command or charging profile, sent to a `response_url`.
    case callback(token: String)
}

/// The part of a request that carries its `response_url`.
package enum ResponseURLPlace: Sendable, Equatable {
    case body
    case query
}

/// A table of the functional modules: the URL forms of each interface, their methods and special cases (OCPI 2.2.1, chapters 8 to 14).
/// Custom modules have no rules.
package enum ModuleTable {
    /// The modules that are routed between parties.
    package static let functional: [ModuleID] = [
        .cdrs, .chargingprofiles, .commands, .locations, .sessions, .tariffs, .tokens,
    ]

    /// The methods that OCPI uses.
    package static let allMethods: [Method] = [.get, .put, .post, .patch, .delete]

    /// Whether the method is defined for that route.
    package static func allows(_ method: Method, _ route: ModuleRoute) -> Bool {
        route.isCustom ? allMethods.contains(method) : entry(method, route) != nil
    }

    /// The methods defined for a route, for 404 (none) and 405. Custom modules: all five of OCPI.
    package static func methods(_ route: ModuleRoute) -> [Method] {
        guard !route.isCustom else { return allMethods }
        let segments = segments(of: route)
        let offered = entries.filter { $0.isAt(route, segments) }.flatMap(\.methods)
        return offered.enumerated().filter { offered.firstIndex(of: $0.element) == $0.offset }.map(\.element)
    }

    /// The capability that a request uses. Nil if it is addressed by a party's own path.
    package static func capability(_ method: Method, _ route: ModuleRoute) -> CapabilityUse? {
        guard !route.isCustom, let use = entry(method, route)?.use, let segment = segments(of: route).last else { return nil }
        let token = PercentText.decoded(segment, plusIsSpace: false)
        return switch use {
        case .page: .page(token: token)
        case .object: .object(token: token)
        case .callback: .callback(token: token)
        case .responseURL, .authorization: nil
        }
    }

    /// Whether any path of that interface is served by a capability token with that method, so that another node may ask for it by the real
    /// URL. Custom modules: everything below the endpoint.
    package static func hasCapability(_ method: Method, _ module: ModuleID, _ interface: InterfaceRole) -> Bool {
        guard functional.contains(module) else { return true }
        return entries.contains { entry in
            guard entry.module == module, entry.interface == interface, entry.methods.contains(method) else { return false }
            return switch entry.use {
            case .page, .object, .callback: true
            case .responseURL, .authorization, nil: false
            }
        }
    }

    /// The place of the request's `response_url`. Nil if this request has none.
    package static func hasResponseURL(_ method: Method, _ route: ModuleRoute) -> ResponseURLPlace? {
        guard !route.isCustom, case .responseURL(let place) = entry(method, route)?.use else { return nil }
        return place
    }

    /// Whether the request asks if a driver may charge now (OCPI 2.2.1, 12.2.2, POST): its answer is only valid at this moment, and a
    /// repetition does no harm.
    package static func isAuthorization(_ method: Method, _ route: ModuleRoute) -> Bool {
        guard !route.isCustom, case .authorization = entry(method, route)?.use else { return false }
        return true
    }

    /// How the request may be addressed other than to a party. Custom modules: to a party only. Deleting a tariff is a broadcast too:
    /// without it a tariff that was broadcast could never be withdrawn.
    package static func hubUse(_ method: Method, _ route: ModuleRoute) -> HubUse {
        guard !route.isCustom, let entry = entry(method, route) else { return [] }
        switch entry.use {
        case .page, .object, .callback: return []
        case .responseURL, .authorization, nil: break
        }
        if entry.shape.isEmpty, route.interface == .sender { return .getAll }
        let isBroadcast = broadcastModules.contains(route.module) && route.interface == .receiver && !method.isRead
        return isBroadcast ? [.broadcast, .openRouting] : .openRouting
    }

    /// The modules whose objects concern many parties; sessions, CDRs and commands concern one.
    private static let broadcastModules: [ModuleID] = [.locations, .tariffs, .tokens]

    // A form is a list of segments: `*` is any segment, `<command>` one of the five commands, anything else is literal. The first matching
    // form decides, so literal ones come first. Capability tokens are always the last segment.
    private static let entries: [Entry] = [
        Entry(.cdrs, .sender, "", [.get]),
        Entry(.cdrs, .sender, "page/*", [.get], .page),
        Entry(.cdrs, .receiver, "", [.post]),
        Entry(.cdrs, .receiver, "*", [.get], .object),

        Entry(.chargingprofiles, .sender, "*", [.put]),
        Entry(.chargingprofiles, .sender, "*", [.post], .callback),
        Entry(.chargingprofiles, .sender, "*/*", [.post], .callback),
        Entry(.chargingprofiles, .receiver, "*", [.get, .delete], .responseURL(.query)),
        Entry(.chargingprofiles, .receiver, "*", [.put], .responseURL(.body)),

        Entry(.commands, .sender, "<command>/*", [.post], .callback),
        Entry(.commands, .receiver, "<command>", [.post], .responseURL(.body)),

        Entry(.locations, .sender, "", [.get]),
        Entry(.locations, .sender, "page/*", [.get], .page),
        Entry(.locations, .sender, "*", [.get]),
        Entry(.locations, .sender, "*/*", [.get]),
        Entry(.locations, .sender, "*/*/*", [.get]),
        Entry(.locations, .receiver, "*/*/*", [.get, .put, .patch]),
        Entry(.locations, .receiver, "*/*/*/*", [.get, .put, .patch]),
        Entry(.locations, .receiver, "*/*/*/*/*", [.get, .put, .patch]),

        Entry(.sessions, .sender, "", [.get]),
        Entry(.sessions, .sender, "page/*", [.get], .page),
        Entry(.sessions, .sender, "*/charging_preferences", [.put]),
        Entry(.sessions, .receiver, "*/*/*", [.get, .put, .patch]),

        Entry(.tariffs, .sender, "", [.get]),
        Entry(.tariffs, .sender, "page/*", [.get], .page),
        Entry(.tariffs, .receiver, "*/*/*", [.get, .put, .delete]),

        Entry(.tokens, .sender, "", [.get]),
        Entry(.tokens, .sender, "page/*", [.get], .page),
        Entry(.tokens, .sender, "*/authorize", [.post], .authorization),
        Entry(.tokens, .receiver, "*/*/*", [.get, .put, .patch]),
    ]

    private static let commands: [Substring] = ["CANCEL_RESERVATION", "RESERVE_NOW", "START_SESSION", "STOP_SESSION", "UNLOCK_CONNECTOR"]

    private enum Use {
        case page
        case object
        case callback
        case responseURL(ResponseURLPlace)
        case authorization
    }

    private struct Entry {
        let module: ModuleID
        let interface: InterfaceRole
        let shape: [Substring]
        let methods: [Method]
        let use: Use?

        init(_ module: ModuleID, _ interface: InterfaceRole, _ shape: String, _ methods: [Method], _ use: Use? = nil) {
            self.module = module
            self.interface = interface
            self.shape = shape.split(separator: "/")
            self.methods = methods
            self.use = use
        }

        func isAt(_ route: ModuleRoute, _ segments: [Substring]) -> Bool {
            module == route.module && interface == route.interface && shape.count == segments.count
                && zip(shape, segments).allSatisfy { pattern, segment in
                    switch pattern {
                    case "*": !segment.isEmpty
                    case "<command>": commands.contains(segment)
                    default: pattern == segment
                    }
                }
        }
    }

    private static func segments(of route: ModuleRoute) -> [Substring] {
        route.remainder.isEmpty ? [] : route.remainder.split(separator: "/", omittingEmptySubsequences: false)
    }

    private static func entry(_ method: Method, _ route: ModuleRoute) -> Entry? {
        let segments = segments(of: route)
        return entries.first { $0.methods.contains(method) && $0.isAt(route, segments) }
    }
}
