import Encoding
import OCPI
import TestParties

extension ConformanceParty {
    /// Serves these objects as the list of a SENDER interface, in pages (OCPI 2.2.1, 4.1.3 Pagination).
    /// - Parameter maxLimit: maximum number of objects per page.
    func offers(_ objects: [JSONValue], _ module: ModuleID, maxLimit: Int = 50) {
        let url = url(module, .sender)
        script { request in
            guard request.method == .get, request.interface == Interface(module, .sender), request.rest.isEmpty else { return nil }
            let offset = max(0, request.parameter("offset").flatMap { Int($0) } ?? 0)
            let limit = min(max(1, request.parameter("limit").flatMap { Int($0) } ?? maxLimit), maxLimit)
            let rest = objects.dropFirst(offset)
            let page = Array(rest.prefix(limit))
            let filters = (request.query ?? "").split(separator: "&").filter { !$0.hasPrefix("offset=") && !$0.hasPrefix("limit=") }
            let query = (filters + ["offset=\(offset + page.count)", "limit=\(limit)"]).joined(separator: "&")
            return .page(page, total: objects.count, limit: maxLimit, next: rest.count > page.count ? "\(url)?\(query)" : nil)
        }
    }

    /// Reads all pages of a list as an eMSP or CPO would, by following `Link`.
    /// - Parameter to: the party whose list is requested; the hub for the list of all.
    /// - Returns: the answers, one per page.
    func crawl(_ module: ModuleID, query: String, to: PartyID) async throws -> [CallAnswer] {
        var pages = [try await send(.get, module, .sender, query: query, to: to).expectSuccess()]
        while let next = pages.last?.nextPage {
            try require(pages.count < 50, "the list of \(module) does not end")
            pages.append(try await call(.get, next, to: to).expectSuccess())
        }
        return pages
    }
}

extension [CallAnswer] {
    /// The objects on all pages.
    var objects: [JSONValue] { flatMap { $0.data?.array ?? [] } }
}
