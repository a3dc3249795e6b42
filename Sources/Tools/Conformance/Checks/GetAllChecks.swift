import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 99 to 103: one list of all parties' objects.
enum GetAllChecks {
    static let all: [Check] = [
        Check(99) { environment in
            let offered = offer(environment, each: 2)
            let reply = try await environment.emsp.send(.get, .locations, .sender, to: environment.hub.party).expectSuccess()
            try same("the ids in the list", Set(ids(reply.data?.array)), Set(ids(offered)))
            try same("OCPI-from of the answer", reply.from, environment.hub.party)
            try same("OCPI-to of the answer", reply.to, environment.emsp.id)
        },
        Check(100) { environment in
            let offered = offer(environment, each: 1)
            let reply = try await environment.emsp.send(.get, .locations, .sender, to: environment.hub.party).expectSuccess()
            let list = try require(reply.data?.array, "data is no list")
            for object in offered {
                try require(list.contains(object), "\(object["id"]?.string ?? "an object") is not in the list as its owner gave it")
            }
        },
        Check(101) { environment in
            let offered = offer(environment, each: 3)
            let filter = "date_from=2024-01-01T00:00:00Z"
            let pages = try await environment.emsp.crawl(.locations, query: filter + "&limit=2", to: environment.hub.party)
            try require(pages.count > 1, "\(offered.count) objects with limit=2 came on one page")
            try same("the ids on all pages", ids(pages.objects).sorted(), ids(offered).sorted())
            for page in pages {
                try same("X-Total-Count", page.header(OCPIHeader.totalCount), String(offered.count))
                try require(page.header(OCPIHeader.limit).flatMap { Int($0) } ?? 0 > 0, "X-Limit is missing")
            }
            let asked = environment.cpo.received.entries.filter { $0.interface == Interface(.locations, .sender) }
            for request in asked { try same("date_from", request.parameter("date_from"), "2024-01-01T00:00:00Z") }
        },
        Check(102, withheld),
        Check(103) { environment in
            _ = offer(environment, each: 1)
            environment.otherCPO.script { $0.interface == nil ? nil : .failure(3000, status: 500) }
            let reply = try await environment.emsp.send(.get, .locations, .sender, to: environment.hub.party)
            try require(
                reply.code != 1000 || reply.message?.contains(environment.otherCPO.id.description) == true,
                "a list without the objects of \(environment.otherCPO.id) looks complete")
        },
    ]

    /// The OcnRules are the only permission between two parties that a hub of this project has.
    @Sendable private static func withheld(_ environment: TestEnvironment) async throws {
        guard let rules = try? environment.cpo.endpoint(ModuleID(rawValue: "ocnrules"), .receiver) else {
            throw Skipped("needs a way for a party to withhold its objects: the hub has no OcnRules")
        }
        let blacklist = URLJoin.join(rules, "blacklist", query: nil)
        let offered = offer(environment, each: 1)
        let entry: JSONValue = [
            "country_code": .string(environment.emsp.id.country), "party_id": .string(environment.emsp.id.party), "modules": ["locations"],
        ]
        try await environment.cpo.configure(.put, blacklist, body: [entry]).expectSuccess()
        do {
            let own = Set(ids(offered.filter { $0["party_id"]?.string == environment.cpo.id.party }))
            let reply = try await environment.emsp.send(.get, .locations, .sender, to: environment.hub.party).expectSuccess()
            try same("the ids in the list", Set(ids(reply.data?.array)), Set(ids(offered)).subtracting(own))
            try same("X-Total-Count", reply.header(OCPIHeader.totalCount), String(offered.count - own.count))
            let other = try await environment.otherEMSP.send(.get, .locations, .sender, to: environment.hub.party).expectSuccess()
            try same("the ids for another party", Set(ids(other.data?.array)), Set(ids(offered)))
        } catch {
            _ = try? await environment.cpo.configure(.put, blacklist, body: [])
            throw error
        }
        try await environment.cpo.configure(.put, blacklist, body: []).expectSuccess()
    }

    /// Offers locations of every CPO.
    private static func offer(_ environment: TestEnvironment, each count: Int) -> [JSONValue] {
        [environment.cpo, environment.otherCPO, environment.both].flatMap { party in
            let objects = (0..<count).map { _ in Sample.location(Sample.id("LOC"), of: party.id) }
            party.offers(objects, .locations)
            return objects
        }
    }

    private static func ids(_ objects: [JSONValue]?) -> [String] { (objects ?? []).compactMap { $0["id"]?.string } }
}
