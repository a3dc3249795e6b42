import Directory
import Encoding
import HTTPTypes
import Hummingbird
import OCPI

/// The hub client info module: the statuses of all parties visible to the caller (OCPI 2.2.1, 14.2.1). A pure function of the snapshot.
struct ClientInfoModule: Sendable {
    /// Base of every URL, without a slash at the end.
    let publicURL: String
    /// Maximum number of objects per page.
    let maxLimit: Int
    /// When this process last received a request of a platform.
    let lastHeard: @Sendable (_ platform: String) -> Timestamp?

    /// One page of the list.
    struct Page: Equatable {
        var objects: [ClientInfo]
        /// Number of objects on all pages.
        var total: Int
        /// Query of the next page; nil on the last.
        var next: String?
    }

    /// The answer to `GET /ocpi/{version}/hubclientinfo`.
    /// - Throws: 2001 for an invalid query.
    func respond(
        _ query: String?, _ caller: Platform, _ version: OCPIVersion, in directory: Directory, _ address: ResponseAddress
    ) throws(OCPIError) -> Response {
        let page = try page(query, for: caller, in: directory)
        var response = Response.envelope(Envelope.success(data: .array(page.objects.map(\.json))), address)
        let link = page.next.map { "<\(publicURL)\(Route.hubClientInfo(version).path)?\(PercentText.inBrackets($0))>; rel=\"next\"" }
        for (name, value) in [
            (OCPIHeader.totalCount, String(page.total)), (OCPIHeader.limit, String(maxLimit)), (OCPIHeader.link, link),
        ] {
            if let name = HTTPField.Name(name), let value { response.headers[name] = value }
        }
        return response
    }

    /// Ordered by time (oldest first), then by party and role.
    /// - Throws: 2001 for an invalid query.
    func page(_ query: String?, for caller: Platform, in directory: Directory) throws(OCPIError) -> Page {
        let query = try ListQuery(query)
        let filter = try ClientInfoFilter(query.filters)
        let infos = infos(for: caller, in: directory).filter(filter.matches).sorted {
            ($0.lastUpdated, $0.party, $0.role) < ($1.lastUpdated, $1.party, $1.role)
        }
        let limit = min(query.limit ?? maxLimit, maxLimit)
        let objects = infos.dropFirst(query.offset).prefix(limit)
        let end = query.offset + objects.count
        return Page(
            objects: Array(objects), total: infos.count,
            next: !objects.isEmpty && end < infos.count ? query.with(offset: end, limit: limit) : nil)
    }

    /// All parties that the caller's rules make visible to it, and the caller's own parties.
    private func infos(for caller: Platform, in directory: Directory) -> [ClientInfo] {
        let rules = directory.rules(of: caller.id)
        return directory.clientInfos().compactMap { info in
            let home = directory.platform(of: info.party)
            guard home?.id == caller.id || rules.mayKnow(info.party) else { return nil }
            guard info.status == .connected, let home, let heard = lastHeard(home.id) else { return info }
            var info = info
            info.lastUpdated = max(info.lastUpdated, heard)
            return info
        }
    }
}
