import OCPI
import Support
import Testing

@Suite struct RouteTests {
    static func module(
        _ module: ModuleID, _ interface: InterfaceRole, _ remainder: String = "", version: OCPIVersion = .v2_2_1, isCustom: Bool = false
    ) -> Route {
        .module(ModuleRoute(version: version, module: module, interface: interface, remainder: remainder, isCustom: isCustom))
    }

    @Test(
        arguments: [
            ("/ocpi/versions", .versions), ("/ocpi/versions/", .versions), ("/ocpi/2.2", .versionDetails(.v2_2)),
            ("/ocpi/2.2.1/", .versionDetails(.v2_2_1)), ("/ocpi/2.2.1/credentials", .credentials(.v2_2_1)),
            ("/ocpi/2.2/credentials/", .credentials(.v2_2)), ("/ocpi/2.2.1/hubclientinfo", .hubClientInfo(.v2_2_1)),
            ("/ocpi/receiver/2.2.1/cdrs", module(.cdrs, .receiver)), ("/ocpi/receiver/2.2.1/cdrs/", module(.cdrs, .receiver)),
            ("/ocpi/sender/2.2/locations/LOC1/EV%2F1", module(.locations, .sender, "LOC1/EV%2F1", version: .v2_2)),
            ("/ocpi/2.2/sender/chargingprofiles/result/17", module(.chargingprofiles, .sender, "result/17", version: .v2_2)),
            ("/ocpi/sender/2.2/chargingprofiles/s/17", module(.chargingprofiles, .sender, "s/17", version: .v2_2)),
            ("/ocpi/custom/sender/lite-locations", module(ModuleID(rawValue: "lite-locations"), .sender, isCustom: true)),
            ("/ocpi/custom/receiver/Parking/a/b", module(ModuleID(rawValue: "parking"), .receiver, "a/b", isCustom: true)),
        ] as [(String, Route)]) func readsWherePathsLead(path: String, route: Route) throws
    {
        #expect(Route.parse(path: path) == route)
        #expect(Route.parse(path: route.path) == route)
    }

    @Test(arguments: [
        "", "/", "ocpi/versions", "/ocpi", "/ocpi/", "/ocpi/2.3.0", "/ocpi/2.1.1/credentials", "/ocpi/versions/x",
        "/ocpi/2.2.1/credentials/x",
        "/ocpi/2.2.1/cdrs", "/ocpi/2.2.1/sender/cdrs", "/ocpi/sender", "/ocpi/sender/2.2.1", "/ocpi/sender/2.2.1/parking",
        "/ocpi/SENDER/2.2.1/cdrs",
        "/ocpi/sender/2.2.1/CDRS", "/ocpi/sender/2.2.1/credentials", "/ocpi/custom", "/ocpi/custom/sender", "/ocpi/custom/Sender/x",
        "/ocpi/custom/sender/cdrs", "/ocpi/custom/sender/Credentials", "/ocpi/custom/sender/a%20b", "/OCPI/versions", "//ocpi/versions",
        "/ocpi/versions//", "/ocpi/sender/2.2.1/locations//LOC1", "/ocpi/sender/2.2.1/locations/LOC 1", "/ocpi/versions?x",
        "/ocpi/versions#x",
        "/ocpi/sender/2.2.1/locations/../../credentials", "/ocpi/sender/2.2.1/locations/%2e%2E/x",
        "/ocpi/sender/2.2.1/locations/a%2f..%2Fb",
        "/ocpi/sender/2.2.1/locations/.", "/ocpi/sender/2.2.1/locations/..%5cx", "/ocpi/sender/2.2.1/locations/..\\x",
        #"/ocpi/sender/2.2.1/locations/a\.."#, #"/ocpi/sender/2.2.1/locations/a\..\..\credentials"#,
        #"/ocpi/sender/2.2.1/locations/a\%2e%2E;x"#, #"/ocpi/sender/2.2.1/locations/.%5C.."#, #"/ocpi/sender/2.2.1/locations/a\./b"#,
        #"/ocpi\versions"#, #"/ocpi/sender/2.2.1\locations"#, #"\ocpi\versions"#, #"/ocpi/2.2.1\credentials"#,
        "/ocpi/sender/2.2.1/locations/a\nb", "/ocpi/sender/2.2.1/locations/a\u{7F}",
    ]) func leadsNowhere(path: String) {
        #expect(Route.parse(path: path) == nil)
    }

    @Test(arguments: [
        ("/ocpi/sender/2.2.1/locations//x", ModuleID.locations), ("/ocpi/receiver/2.2/cdrs/../x", .cdrs),
        ("/ocpi/sender/2.2/cdrs///", .cdrs),
        ("/ocpi/2.2.1/sender/chargingprofiles//x", .chargingprofiles), ("/ocpi/custom/sender/parking//", ModuleID(rawValue: "parking")),
    ]) func aPathThatIsNoneLiesBelowItsModule(path: String, module: ModuleID) {
        #expect(Route.parse(path: path) == nil && Route.module(above: path)?.module == module)
    }

    @Test(arguments: [
        "/ocpi//sender/2.2.1/locations/x", "/ocpi/sender/2.2.1//locations", "/ocpi/sender/2.2.1/parking//x", "/ocpi/2.2.1/credentials//x",
        "/ocpi/receiver/2.2.1/ocnrules//x", "/ocpi/sender/2.2.1/locations", "", "/", "/ocpi/sender/2.2.1/locations\u{301}//x",
    ]) func pathsOutsideModulesHaveNoModule(path: String) {
        #expect(Route.module(above: path) == nil)
    }

    @Test func aBackslashIsPartOfAName() {
        #expect(Route.parse(path: #"/ocpi/sender/2.2.1/locations/A\B%5CC\/\D"#) == Self.module(.locations, .sender, #"A\B%5CC\/\D"#))
        #expect(ObjectPath(#"DE/CPO/A\B"#).object == ObjectPath("DE/CPO/a%5Cb").object)
        #expect(ObjectPath(#"DE\CPO\A"#).owner == nil && ObjectPath(#"DE/CPO\X/A"#).owner == nil)
    }

    @Test func dotsInsideNamesAreNames() {
        #expect(Route.parse(path: "/ocpi/sender/2.2.1/locations/a..b/.c/...") == Self.module(.locations, .sender, "a..b/.c/..."))
        #expect(Route.parse(path: "/ocpi/sender/2.2.1/locations/%2") == Self.module(.locations, .sender, "%2"))
    }

    @Test func endpointPathsAreThoseWeAdvertise() {
        #expect(Self.path(.module(.init(version: .v2_2, module: .cdrs, interface: .receiver, remainder: "x"))) == "/ocpi/receiver/2.2/cdrs")
        let custom = ModuleRoute(version: .v2_2_1, module: ModuleID(rawValue: "x"), interface: .sender, remainder: "", isCustom: true)
        #expect(custom.endpointPath == "/ocpi/custom/sender/x")
    }

    private static func path(_ route: Route) -> String? {
        guard case .module(let route) = route else { return nil }
        return route.endpointPath
    }

    @Test func randomPathsNeverTrapAndWhatIsReadReadsBack() {
        let parts = [
            "/", "/", "/", "ocpi", "sender", "receiver", "custom", "versions", "2.2", "2.2.1", "credentials", "cdrs", "tokens",
            "chargingprofiles", "hubclientinfo", "..", ".", "%2e", "%2F", "%", "é", "x", "LOC1", "\\", "?", " ",
        ]
        var found = 0
        for seed in UInt64(0)..<8000 {
            var random = SeededGenerator(seed: seed)
            var path = random.chance(70) ? "/ocpi/" + random.pick(["sender/2.2.1/", "receiver/2.2/", "custom/sender/", "2.2.1/", ""]) : ""
            for _ in 0..<Int.random(in: 0..<8, using: &random) { path += random.pick(parts) }
            if random.chance(10) { path += String(decoding: random.bytes(6), as: UTF8.self) }
            guard let route = Route.parse(path: path) else { continue }
            found += 1
            #expect(Route.parse(path: route.path) == route, "seed \(seed): \(path)")
            guard case .module(let place) = route else { continue }
            #expect(!URLJoin.hasDotSegments(place.remainder), "seed \(seed)")
            for method in [Method.get, .put, .post, .patch, .delete] {
                let isListed = ModuleTable.methods(place).contains(method)
                #expect(ModuleTable.allows(method, place) == isListed, "seed \(seed)")
                if ModuleTable.capability(method, place) != nil || ModuleTable.hasResponseURL(method, place) != nil {
                    #expect(isListed, "seed \(seed)")
                }
            }
        }
        #expect(found > 300)
    }
}
