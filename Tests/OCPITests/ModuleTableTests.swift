import OCPI
import Testing

@Suite struct ModuleTableTests {
    private func route(_ path: String) throws -> ModuleRoute {
        guard case .module(let route) = Route.parse(path: "/ocpi/" + path) else {
            throw OCPIError(code: .clientError, message: "\(path) leads to no module")
        }
        return route
    }

    /// The endpoint matrix of OCPI 2.2.1: every shape with all of its methods.
    @Test(arguments: [
        ("sender/2.2.1/cdrs", "GET"), ("sender/2.2.1/cdrs/page/t", "GET"), ("sender/2.2.1/cdrs/x", ""), ("receiver/2.2.1/cdrs", "POST"),
        ("receiver/2.2.1/cdrs/t", "GET"), ("receiver/2.2.1/cdrs/DE/CPO/1", ""),
        ("sender/2.2.1/locations", "GET"), ("sender/2.2.1/locations/page/t", "GET"), ("sender/2.2.1/locations/L", "GET"),
        ("sender/2.2.1/locations/L/E", "GET"), ("sender/2.2.1/locations/L/E/C", "GET"), ("sender/2.2.1/locations/L/E/C/x", ""),
        ("receiver/2.2.1/locations", ""), ("receiver/2.2.1/locations/DE/CPO", ""), ("receiver/2.2.1/locations/DE/CPO/L", "GET PATCH PUT"),
        ("receiver/2.2.1/locations/DE/CPO/L/E", "GET PATCH PUT"), ("receiver/2.2.1/locations/DE/CPO/L/E/C", "GET PATCH PUT"),
        ("receiver/2.2.1/locations/DE/CPO/L/E/C/x", ""),
        ("sender/2.2.1/sessions", "GET"), ("sender/2.2.1/sessions/page/t", "GET"), ("sender/2.2.1/sessions/S", ""),
        ("sender/2.2.1/sessions/S/charging_preferences", "PUT"), ("receiver/2.2.1/sessions/DE/CPO/S", "GET PATCH PUT"),
        ("receiver/2.2.1/sessions/DE/CPO/S/x", ""),
        ("sender/2.2.1/tariffs", "GET"), ("sender/2.2.1/tariffs/page/t", "GET"), ("receiver/2.2.1/tariffs/DE/CPO/T", "DELETE GET PUT"),
        ("sender/2.2.1/tokens", "GET"), ("sender/2.2.1/tokens/page/t", "GET"), ("sender/2.2.1/tokens/U/authorize", "POST"),
        ("receiver/2.2.1/tokens/DE/MSP/U", "GET PATCH PUT"),
        ("sender/2.2.1/commands/START_SESSION/t", "POST"), ("sender/2.2.1/commands/START_SESSION", ""),
        ("sender/2.2.1/commands/DANCE/t", ""),
        ("receiver/2.2.1/commands/UNLOCK_CONNECTOR", "POST"), ("receiver/2.2.1/commands/unlock_connector", ""),
        ("receiver/2.2.1/commands", ""),
        ("sender/2.2.1/chargingprofiles/S", "POST PUT"), ("sender/2.2.1/chargingprofiles/result/t", "POST"),
        ("receiver/2.2.1/chargingprofiles/S", "DELETE GET PUT"), ("2.2/receiver/chargingprofiles/S", "DELETE GET PUT"),
        ("custom/sender/parking/x/y", "DELETE GET PATCH POST PUT"),
    ]) func offersTheMethodsOfTheEndpointMatrix(path: String, methods: String) throws {
        let route = try route(path)
        #expect(ModuleTable.methods(route).map(\.rawValue).sorted().joined(separator: " ") == methods)
        for method in [Method.get, .put, .post, .patch, .delete] {
            #expect(ModuleTable.allows(method, route) == methods.contains(method.rawValue))
        }
    }

    @Test(
        arguments: [
            ("sender/2.2.1/sessions/page/t", .get, .page(token: "t")), ("sender/2.2.1/cdrs/page/%74%2D_", .get, .page(token: "t-_")),
            ("receiver/2.2.1/cdrs/t", .get, .object(token: "t")),
            ("sender/2.2.1/commands/STOP_SESSION/t", .post, .callback(token: "t")),
            ("sender/2.2/chargingprofiles/result/t", .post, .callback(token: "t")),
            ("2.2/sender/chargingprofiles/S/t", .post, .callback(token: "t")),
            ("sender/2.2.1/chargingprofiles/t", .post, .callback(token: "t")), ("sender/2.2.1/chargingprofiles/S", .put, nil),
            ("sender/2.2.1/locations", .get, nil), ("sender/2.2.1/locations/L/E", .get, nil), ("receiver/2.2.1/cdrs", .post, nil),
            ("receiver/2.2.1/commands/STOP_SESSION", .post, nil), ("custom/sender/parking/page/t", .get, nil),
        ] as [(String, Method, CapabilityUse?)]) func knowsWhichShapesCarryACapability(
            path: String, method: Method, use: CapabilityUse?
        )
        throws
    {
        #expect(ModuleTable.capability(method, try route(path)) == use)
    }

    @Test(
        arguments: [
            ("receiver/2.2.1/commands/STOP_SESSION", .post, .body), ("receiver/2.2.1/chargingprofiles/S", .put, .body),
            ("receiver/2.2.1/chargingprofiles/S", .get, .query), ("receiver/2.2.1/chargingprofiles/S", .delete, .query),
            ("receiver/2.2.1/chargingprofiles/S", .post, nil), ("sender/2.2.1/chargingprofiles/S", .put, nil),
            ("sender/2.2.1/commands/STOP_SESSION/t", .post, nil), ("receiver/2.2.1/cdrs", .post, nil),
            ("custom/receiver/parking", .post, nil),
        ] as [(String, Method, ResponseURLPlace?)]) func knowsWhereTheResponseURLIs(
            path: String, method: Method, place: ResponseURLPlace?
        )
        throws
    {
        #expect(ModuleTable.hasResponseURL(method, try route(path)) == place)
    }

    @Test func modulesHaveTheNamesOfOCNMessages() {
        #expect(ModuleTable.functional.count == 7)
        #expect(ModuleTable.functional.allSatisfy { $0.isFunctional })
        #expect(!ModuleID.credentials.isFunctional && !ModuleID.hubclientinfo.isFunctional && !ModuleID(rawValue: "parking").isFunctional)
        #expect(ModuleID.chargingprofiles.ocnName == "CHARGING_PROFILES")
        #expect(ModuleID(ocnName: "HUB_CLIENT_INFO") == .hubclientinfo)
        #expect(ModuleID(ocnName: "CUSTOM") == nil && ModuleID(ocnName: "cdrs") == nil)
        #expect(ModuleID(rawValue: "CDRs") == .cdrs)
        #expect(ModuleID.custom("Parking")?.rawValue == "parking")
        for bad in ["", "versions", "CDRS", "a/b", "ä", String(repeating: "a", count: 65)] { #expect(ModuleID.custom(bad) == nil) }
    }

    @Test func permissionsMatchTheInterfaceThatIsCalled() throws {
        #expect(Permission.allCases.map(\.rawValue) == Array(0...16))
        #expect(Permission(rawValue: 17) == nil && Permission(rawValue: -1) == nil)
        #expect(Permission(rawValue: 0)?.name == "FORWARD_ALL")
        #expect(Permission(rawValue: 4)?.name == "FORWARD_MODULE_LOCATIONS_RECEIVER")
        #expect(Permission(rawValue: 15)?.name == "FORWARD_MODULE_CHARGINGPROFILES_SENDER")
        let order: [ModuleID] = [.locations, .sessions, .cdrs, .tariffs, .tokens, .commands, .chargingprofiles]
        for permission in Permission.allCases {
            for (index, module) in order.enumerated() {
                let sender = permission.rawValue == 0 || permission.rawValue == 1 || permission.rawValue == 3 + 2 * index
                let receiver = permission.rawValue == 0 || permission.rawValue == 2 || permission.rawValue == 4 + 2 * index
                #expect(permission.matches(module: module, interface: .sender) == sender, "\(permission) \(module)")
                #expect(permission.matches(module: module, interface: .receiver) == receiver, "\(permission) \(module)")
            }
            #expect(!permission.matches(module: .credentials, interface: .sender))
            #expect(!permission.matches(module: ModuleID(rawValue: "parking"), interface: .receiver))
        }
    }
}
