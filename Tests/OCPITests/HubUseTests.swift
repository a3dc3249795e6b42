import OCPI
import Testing

@Suite struct HubUseTests {
    static func route(_ module: ModuleID, _ interface: InterfaceRole, _ remainder: String) -> ModuleRoute {
        ModuleRoute(version: .v2_2_1, module: module, interface: interface, remainder: remainder)
    }

    /// The hub column of OCPI's endpoints: party to party always, and besides broadcast, open routing, list of all.
    static let places: [(Method, ModuleID, InterfaceRole, String, HubUse)] = [
        (.get, .locations, .sender, "", .getAll),
        (.get, .locations, .sender, "L1/1", .openRouting), (.get, .locations, .receiver, "DE/CPO/L1", .openRouting),
        (.put, .locations, .receiver, "DE/CPO/L1", [.broadcast, .openRouting]),
        (.patch, .locations, .receiver, "DE/CPO/L1/1", [.broadcast, .openRouting]),
        (.get, .sessions, .sender, "", .getAll), (.put, .sessions, .receiver, "DE/CPO/S1", .openRouting),
        (.put, .sessions, .sender, "S1/charging_preferences", .openRouting),
        (.get, .cdrs, .sender, "", .getAll), (.post, .cdrs, .receiver, "", .openRouting), (.get, .cdrs, .receiver, "x", []),
        (.put, .tariffs, .receiver, "DE/CPO/T1", [.broadcast, .openRouting]),
        (.delete, .tariffs, .receiver, "DE/CPO/T1", [.broadcast, .openRouting]),
        (.patch, .tokens, .receiver, "DE/MSP/1", [.broadcast, .openRouting]), (.post, .tokens, .sender, "1/authorize", .openRouting),
        (.get, .tokens, .sender, "page/x", []), (.post, .commands, .receiver, "START_SESSION", .openRouting),
        (.post, .commands, .sender, "START_SESSION/x", []), (.put, .chargingprofiles, .receiver, "S1", .openRouting),
        (.delete, .locations, .receiver, "DE/CPO/L1", []),
    ]

    @Test(arguments: places)
    func requestsMayBeAddressedAsOCPISays(
        _ method: Method, _ module: ModuleID, _ interface: InterfaceRole, _ remainder: String, _ use: HubUse
    ) {
        #expect(ModuleTable.hubUse(method, Self.route(module, interface, remainder)) == use)
    }

    @Test func customModulesGoFromPartyToPartyOnly() {
        let route = ModuleRoute(
            version: .v2_2_1, module: ModuleID(rawValue: "parking"), interface: .receiver, remainder: "", isCustom: true)
        #expect(ModuleTable.hubUse(.put, route) == [])
    }

    static let audiences: [(ModuleID, [String], [String])] = [
        (.locations, ["CPO"], ["EMSP", "NAP", "NSP", "OTHER"]), (.tariffs, ["CPO"], ["EMSP", "NAP", "NSP", "OTHER"]),
        (.tokens, ["EMSP"], ["CPO"]), (.tokens, ["CPO"], []), (.locations, ["EMSP"], []), (.locations, ["OTHER"], ["CPO"]),
        (.tokens, ["OTHER"], ["CPO"]), (.tokens, ["CPO", "EMSP"], ["CPO"]), (.locations, ["NSP"], []), (.locations, ["SCSP"], []),
        (.sessions, ["CPO"], []),
    ]

    @Test(arguments: audiences)
    func broadcastsReachTheOppositeRoles(_ module: ModuleID, _ from: [String], _ to: [String]) {
        #expect(BroadcastRoles.roles(for: module, from: from).sorted() == to)
    }
}
