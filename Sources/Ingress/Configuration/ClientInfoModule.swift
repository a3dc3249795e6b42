import Directory
import Encoding
import HTTPTypes
import Hummingbird
import OCPI

/// The hub client info module: how all parties stand that the caller may know of (OCPI 2.2.1, 14.2.1). Pure.
struct ClientInfoModule: Sendable {
    /// Base of every URL, without a slash at the end.
    let publicURL: String
    /// Most objects on a page.
    let maxLimit: Int
    /// When this process last heard of a platform.
    let lastHeard: @Sendable (_ platform: String) -> Timestamp?

    /// One page of the list.
    struct Page: Equatable {
        var objects: [ClientInfo]
        /// How many there are on all pages.
        var total: Int
        /// Query of the next page; nil on the last.
        var next: String?
    }

    /// The answer to `GET /ocpi/{version}/hubclientinfo`.
    /// - Throws: 2001 for a query that makes no sense.
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

    /// Oldest first; of the same time, by party and role.
    /// - Throws: 2001 for a query that makes no sense.
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

    /// Everybody whom the caller's rules let it know of, and the caller's own parties.
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

/// `date_from` (inclusive) and `date_to` (exclusive) of a list (OCPI 2.2.1, 4.1.4 Paginated Request). Other parameters mean nothing here.
struct ClientInfoFilter: Equatable {
    private(set) var from: Timestamp?
    private(set) var to: Timestamp?

    /// - Parameter parameters: `name=value`, percent-encoded.
    /// - Throws: 2001 for a time that is none, or stands twice.
    init(_ parameters: [Substring]) throws(OCPIError) {
        for parameter in parameters {
            let parts = parameter.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            switch PercentText.decoded(String(parts[0])) {
            case "date_from": from = try ClientInfoFilter.time(parts, unless: from)
            case "date_to": to = try ClientInfoFilter.time(parts, unless: to)
            default: break
            }
        }
    }

    func matches(_ info: ClientInfo) -> Bool {
        if let from, info.lastUpdated < from { return false }
        if let to, info.lastUpdated >= to { return false }
        return true
    }

    private static func time(_ parts: [Substring], unless known: Timestamp?) throws(OCPIError) -> Timestamp {
        guard known == nil else { throw OCPIError(code: .invalidParameters, message: "\(parts[0]) stands twice in the query") }
        guard parts.count == 2, let text = decoded(parts[1]), let time = Timestamp(rfc3339: text) else {
            throw OCPIError(code: .invalidParameters, message: "\(parts[0]) must be a time like 2026-11-22T13:30:15Z")
        }
        return time
    }

    /// Without percent-encoding; nil if that is broken.
    private static func decoded(_ text: Substring) -> String? {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), let value = Hex.decode(digits)?.first else { return nil }
            rest = rest.dropFirst(2)
            bytes.append(value)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
