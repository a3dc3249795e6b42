import NIOCore
import OCPI
import Wire

/// Requirements 104 to 113: lists of a party through the hub, and the hub's own.
enum PaginationChecks {
    static let all: [Check] = [
        Check(104) { rig in
            let query = "date_from=2024-01-01T00:00:00Z&date_to=2025-01-01T00:00:00&offset=3&limit=2"
            let reply = try await rig.emsp.send(.get, .locations, .sender, query: query, to: rig.cpo.id).expectSuccess()
            try same("the query at the recipient", try await rig.cpo.arrival(of: reply).query, query)
            for module in [ModuleID.cdrs, .sessions, .tariffs] {
                try await rig.emsp.send(.get, module, .sender, query: query, to: rig.hub.party).expectSuccess()
            }
            try await clientInfo(rig, query: "?" + query).expectSuccess()
        },
        Check(105) { rig in
            let objects = offer(rig, 5)
            let pages = try await rig.emsp.crawl(.locations, query: "limit=2", to: rig.cpo.id)
            try same("the number of pages", pages.count, 3)
            try same("the objects on all pages", pages.objects, objects)
            let list = try await clientInfo(rig).expectSuccess()
            try require(list.nextPage == nil, "the only page has a Link")
            try require(try await clientInfo(rig, query: "?limit=1").nextPage != nil, "the first page of several has no Link")
        },
        Check(106) { rig in
            _ = offer(rig, 5)
            let filters = "date_from=2024-01-01T00:00:00Z&date_to=2025-01-01T00:00:00Z"
            _ = try await rig.emsp.crawl(.locations, query: filters + "&limit=2", to: rig.cpo.id)
            let asked = rig.cpo.received.entries.filter { $0.interface == Interface(.locations, .sender) }
            try same("requests for a page", asked.count, 3)
            for request in asked {
                try same("date_from", request.parameter("date_from"), "2024-01-01T00:00:00Z")
                try same("date_to", request.parameter("date_to"), "2025-01-01T00:00:00Z")
            }
            let next = try require(
                try await clientInfo(rig, query: "?date_from=2020-01-01T00:00:00Z&limit=1").nextPage, "the first page has no Link")
            let own = next.split(separator: "?", maxSplits: 1).last.map(String.init) ?? ""
            try same("date_from of the hub's own link", Query.value(of: "date_from", in: own), "2020-01-01T00:00:00Z")
        },
        Check(107) { rig in
            _ = offer(rig, 5)
            for page in try await rig.emsp.crawl(.locations, query: "limit=2", to: rig.cpo.id) {
                try same("X-Total-Count", page.header(OCPIHeader.totalCount), "5")
            }
            let all = try await clientInfo(rig)
            let count = try require(all.data?.array?.count, "HubClientInfo is no list")
            try same("X-Total-Count of the whole list", all.header(OCPIHeader.totalCount), String(count))
            try same("X-Total-Count of a part", try await clientInfo(rig, query: "?limit=1").header(OCPIHeader.totalCount), String(count))
            let none = try await clientInfo(rig, query: "?date_to=2001-01-01T00:00:00Z")
            try same("X-Total-Count of nothing", none.header(OCPIHeader.totalCount), "0")
        },
        Check(108) { rig in
            _ = offer(rig, 3, maxLimit: 7)
            let reply = try await rig.emsp.send(.get, .locations, .sender, query: "limit=2", to: rig.cpo.id)
            try same("X-Limit of a party", reply.header(OCPIHeader.limit), "7")
            let maximum = try require(try await clientInfo(rig).header(OCPIHeader.limit), "X-Limit is missing")
            try same("X-Limit of a short page", try await clientInfo(rig, query: "?limit=1").header(OCPIHeader.limit), maximum)
            let list = try await rig.emsp.send(.get, .tariffs, .sender, query: "limit=1", to: rig.hub.party).expectSuccess()
            try require(list.header(OCPIHeader.limit).flatMap { Int($0) } ?? 0 >= 1, "X-Limit of the list of all is missing")
        },
        Check(109) { rig in
            let objects = offer(rig, 3, maxLimit: 2)
            let first = try await rig.emsp.send(.get, .locations, .sender, to: rig.cpo.id).expectSuccess()
            try same("X-Total-Count", first.header(OCPIHeader.totalCount), "3")
            try same("X-Limit", first.header(OCPIHeader.limit), "2")
            let next = try require(first.nextPage, "the first page has no Link")
            try isOfTheHub(next, rig)
            let second = try await rig.emsp.call(.get, next, to: rig.cpo.id).expectSuccess()
            try same("the objects of the next page", second.data?.array, Array(objects.suffix(1)))
            try same("OCPI-from of the next page", second.from, rig.cpo.id)
        },
        Check(110) { rig in
            _ = offer(rig, 3, maxLimit: 2)
            let first = try await rig.emsp.send(.get, .locations, .sender, to: rig.cpo.id).expectSuccess()
            let next = try require(first.nextPage, "the first page has no Link")
            for stranger in [rig.otherEMSP, rig.otherCPO] {
                let reply = try await stranger.call(.get, next, to: rig.cpo.id)
                try require((reply.code ?? 0) >= 2000, "\(stranger.id) could read a page that was given to \(rig.emsp.id)")
                try require(rig.cpo.arrivals(of: reply).isEmpty, "\(stranger.id) reached \(rig.cpo.id) by another party's link")
            }
            // A client whose connection broke asks again.
            for _ in 0..<2 {
                let last = try await rig.emsp.call(.get, next, to: rig.cpo.id).expectSuccess()
                try require(last.nextPage == nil, "the last page has a Link")
            }
        },
        Check(111) { rig in
            let objects = offer(rig, 4)
            try same("the order of a party's list", try await rig.emsp.crawl(.locations, query: "limit=3", to: rig.cpo.id).objects, objects)
            let list = try await clientInfo(rig).expectSuccess()
            let times = (list.data?.array ?? []).compactMap { $0["last_updated"]?.string.flatMap(Timestamp.init(rfc3339:)) }
            try require(!times.isEmpty && times == times.sorted(), "HubClientInfo does not come oldest first")
        },
        Check(112) { rig in
            let without = try await rig.emsp.send(.get, .sessions, .sender, query: "limit=5", to: rig.hub.party)
            try without.expect(codeIn: [2000, 2001])
            let with = try await rig.emsp.send(
                .get, .sessions, .sender, query: "date_from=2024-01-01T00:00:00Z&limit=5", to: rig.hub.party)
            try with.expectSuccess()
        },
        Check(113) { rig in
            try await clientInfo(rig, query: "?limit=100000000").expectSuccess()
            try await rig.emsp.send(.get, .locations, .sender, query: "limit=100000000", to: rig.hub.party).expectSuccess()
            let objects = offer(rig, 3, maxLimit: 2)
            let reply = try await rig.emsp.send(.get, .locations, .sender, query: "limit=100000000", to: rig.cpo.id).expectSuccess()
            try same("the objects of a party's page", reply.data?.array, Array(objects.prefix(2)))
        },
    ]

    /// The hub's own list, as `rig.emsp` sees it.
    private static func clientInfo(_ rig: Rig, query: String = "") async throws -> Reply {
        try await rig.emsp.configure(.get, try rig.emsp.endpoint(.hubclientinfo, .sender) + query)
    }

    /// Locations of `rig.cpo`.
    private static func offer(_ rig: Rig, _ count: Int, maxLimit: Int = 50) -> [JSONValue] {
        let objects = (0..<count).map { _ in Sample.location(Sample.id("LOC"), of: rig.cpo.id) }
        rig.cpo.offers(objects, .locations, maxLimit: maxLimit)
        return objects
    }

    /// A URL of the hub that was handed out is at the hub, and no longer than OCPI allows.
    static func isOfTheHub(_ url: String, _ rig: Rig) throws {
        let hub = URLJoin.origin(of: try rig.cpo.endpoint(.locations, .receiver))
        try require(hub != nil && URLJoin.origin(of: url) == hub, "\(url) does not lead to the hub")
        try require(url.utf8.count <= 255, "\(url) has \(url.utf8.count) characters, OCPI allows 255")
    }
}
