import Encoding
import NIOCore
import OCPI
import TestParties

/// Requirements 104 to 113: lists of a party through the hub, and the hub's own list.
enum PaginationChecks {
    static let all: [Check] = [
        Check(104) { environment in
            let query = "date_from=2024-01-01T00:00:00Z&date_to=2025-01-01T00:00:00&offset=3&limit=2"
            let reply = try await environment.emsp.send(.get, .locations, .sender, query: query, to: environment.cpo.id).expectSuccess()
            try same("the query at the recipient", try await environment.cpo.arrival(of: reply).query, query)
            for module in [ModuleID.cdrs, .sessions, .tariffs] {
                try await environment.emsp.send(.get, module, .sender, query: query, to: environment.hub.party).expectSuccess()
            }
            try await clientInfo(environment, query: "?" + query).expectSuccess()
        },
        Check(105) { environment in
            let objects = offer(environment, 5)
            let pages = try await environment.emsp.crawl(.locations, query: "limit=2", to: environment.cpo.id)
            try same("the number of pages", pages.count, 3)
            try same("the objects on all pages", pages.objects, objects)
            let list = try await clientInfo(environment).expectSuccess()
            try require(list.nextPage == nil, "the only page has a Link")
            try require(try await clientInfo(environment, query: "?limit=1").nextPage != nil, "the first page of several has no Link")
        },
        Check(106) { environment in
            _ = offer(environment, 5)
            let filters = "date_from=2024-01-01T00:00:00Z&date_to=2025-01-01T00:00:00Z"
            _ = try await environment.emsp.crawl(.locations, query: filters + "&limit=2", to: environment.cpo.id)
            let asked = environment.cpo.received.entries.filter { $0.interface == Interface(.locations, .sender) }
            try same("requests for a page", asked.count, 3)
            for request in asked {
                try same("date_from", request.parameter("date_from"), "2024-01-01T00:00:00Z")
                try same("date_to", request.parameter("date_to"), "2025-01-01T00:00:00Z")
            }
            let next = try require(
                try await clientInfo(environment, query: "?date_from=2020-01-01T00:00:00Z&limit=1").nextPage, "the first page has no Link")
            let own = next.split(separator: "?", maxSplits: 1).last.map(String.init) ?? ""
            try same("date_from of the hub's own link", Query.value(of: "date_from", in: own), "2020-01-01T00:00:00Z")
        },
        Check(107) { environment in
            _ = offer(environment, 5)
            for page in try await environment.emsp.crawl(.locations, query: "limit=2", to: environment.cpo.id) {
                try same("X-Total-Count", page.header(OCPIHeader.totalCount), "5")
            }
            let all = try await clientInfo(environment)
            let count = try require(all.data?.array?.count, "HubClientInfo is no list")
            try same("X-Total-Count of the whole list", all.header(OCPIHeader.totalCount), String(count))
            try same(
                "X-Total-Count of a part", try await clientInfo(environment, query: "?limit=1").header(OCPIHeader.totalCount), String(count)
            )
            let none = try await clientInfo(environment, query: "?date_to=2001-01-01T00:00:00Z")
            try same("X-Total-Count of nothing", none.header(OCPIHeader.totalCount), "0")
        },
        Check(108) { environment in
            _ = offer(environment, 3, maxLimit: 7)
            let reply = try await environment.emsp.send(.get, .locations, .sender, query: "limit=2", to: environment.cpo.id)
            try same("X-Limit of a party", reply.header(OCPIHeader.limit), "7")
            let maximum = try require(try await clientInfo(environment).header(OCPIHeader.limit), "X-Limit is missing")
            try same("X-Limit of a short page", try await clientInfo(environment, query: "?limit=1").header(OCPIHeader.limit), maximum)
            let list = try await environment.emsp.send(.get, .tariffs, .sender, query: "limit=1", to: environment.hub.party).expectSuccess()
            try require(list.header(OCPIHeader.limit).flatMap { Int($0) } ?? 0 >= 1, "X-Limit of the list of all is missing")
        },
        Check(109) { environment in
            let objects = offer(environment, 3, maxLimit: 2)
            let first = try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id).expectSuccess()
            try same("X-Total-Count", first.header(OCPIHeader.totalCount), "3")
            try same("X-Limit", first.header(OCPIHeader.limit), "2")
            let next = try require(first.nextPage, "the first page has no Link")
            try isOfTheHub(next, environment)
            let second = try await environment.emsp.call(.get, next, to: environment.cpo.id).expectSuccess()
            try same("the objects of the next page", second.data?.array, Array(objects.suffix(1)))
            try same("OCPI-from of the next page", second.from, environment.cpo.id)
        },
        Check(110) { environment in
            _ = offer(environment, 3, maxLimit: 2)
            let first = try await environment.emsp.send(.get, .locations, .sender, to: environment.cpo.id).expectSuccess()
            let next = try require(first.nextPage, "the first page has no Link")
            for other in [environment.otherEMSP, environment.otherCPO] {
                let reply = try await other.call(.get, next, to: environment.cpo.id)
                try require((reply.code ?? 0) >= 2000, "\(other.id) could read a page that was given to \(environment.emsp.id)")
                try require(
                    environment.cpo.arrivals(of: reply).isEmpty, "\(other.id) reached \(environment.cpo.id) by another party's link")
            }
            // A client whose connection broke repeats the request.
            for _ in 0..<2 {
                let last = try await environment.emsp.call(.get, next, to: environment.cpo.id).expectSuccess()
                try require(last.nextPage == nil, "the last page has a Link")
            }
        },
        Check(111) { environment in
            let objects = offer(environment, 4)
            try same(
                "the order of a party's list",
                try await environment.emsp.crawl(.locations, query: "limit=3", to: environment.cpo.id).objects, objects)
            let list = try await clientInfo(environment).expectSuccess()
            let times = (list.data?.array ?? []).compactMap { $0["last_updated"]?.string.flatMap(Timestamp.init(rfc3339:)) }
            try require(!times.isEmpty && times == times.sorted(), "HubClientInfo does not come oldest first")
        },
        Check(112) { environment in
            let without = try await environment.emsp.send(.get, .sessions, .sender, query: "limit=5", to: environment.hub.party)
            try without.expect(codeIn: [2000, 2001])
            let with = try await environment.emsp.send(
                .get, .sessions, .sender, query: "date_from=2024-01-01T00:00:00Z&limit=5", to: environment.hub.party)
            try with.expectSuccess()
        },
        Check(113) { environment in
            try await clientInfo(environment, query: "?limit=100000000").expectSuccess()
            try await environment.emsp.send(.get, .locations, .sender, query: "limit=100000000", to: environment.hub.party).expectSuccess()
            let objects = offer(environment, 3, maxLimit: 2)
            let reply = try await environment.emsp.send(.get, .locations, .sender, query: "limit=100000000", to: environment.cpo.id)
                .expectSuccess()
            try same("the objects of a party's page", reply.data?.array, Array(objects.prefix(2)))
        },
    ]

    /// The hub's own list as returned to `environment.emsp`.
    private static func clientInfo(_ environment: TestEnvironment, query: String = "") async throws -> CallAnswer {
        try await environment.emsp.configure(.get, try environment.emsp.endpoint(.hubclientinfo, .sender) + query)
    }

    /// Offers locations of `environment.cpo`.
    private static func offer(_ environment: TestEnvironment, _ count: Int, maxLimit: Int = 50) -> [JSONValue] {
        let objects = (0..<count).map { _ in Sample.location(Sample.id("LOC"), of: environment.cpo.id) }
        environment.cpo.offers(objects, .locations, maxLimit: maxLimit)
        return objects
    }

    /// Checks that a URL handed out by the hub points to the hub and has at most the length that OCPI allows.
    static func isOfTheHub(_ url: String, _ environment: TestEnvironment) throws {
        let hub = URLJoin.origin(of: try environment.cpo.endpoint(.locations, .receiver))
        try require(hub != nil && URLJoin.origin(of: url) == hub, "\(url) does not lead to the hub")
        try require(url.utf8.count <= 255, "\(url) has \(url.utf8.count) characters, OCPI allows 255")
    }
}
