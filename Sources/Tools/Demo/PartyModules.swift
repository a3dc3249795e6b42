import Encoding
import NIOCore
import OCPI
import Synchronization

/// The OCPI module endpoints of one party. Objects are stored in memory, byte for byte.
final class PartyModules: Sendable {
    private struct Store {
        var url = ""
        var objects: [String: ByteBuffer] = [:]
        var sites: [DemoSite] = []
        var driver: DriverToken?
    }

    private static let pageLimit = 50
    private let part: PartyPart
    private let store = Mutex(Store())
    private let updated = Timestamp.now

    init(part: PartyPart) { self.part = part }

    /// Sets the contents of `locations` and `tariffs` of a CPO.
    func offer(_ sites: [DemoSite]) { store.withLock { $0.sites = sites } }

    /// Sets the contents of `tokens` of an eMSP.
    func offer(_ driver: DriverToken) { store.withLock { $0.driver = driver } }

    /// Sets the URL of the party's server, for `Location` and `Link`.
    func moved(to url: String) { store.withLock { $0.url = url } }

    /// The modules of the party's role, by OCPI name and interface; `invoices` is a custom module.
    var endpoints: [(module: String, role: InterfaceRole)] {
        switch part {
        case .cpo: [("locations", .sender), ("tariffs", .sender), ("commands", .receiver)]
        case .emsp:
            [
                ("sessions", .receiver), ("cdrs", .receiver), ("commands", .sender), ("tokens", .sender), ("invoices", .receiver),
            ]
        case .billing: [("cdrs", .receiver)]
        }
    }

    /// Answers a request below `/ocpi/2.2.1/<module>`; `path` is the rest after the module, without its first slash.
    func answer(_ request: ServedRequest, module: String, path: String) -> ServedAnswer {
        guard endpoints.contains(where: { $0.module == module }) else { return Self.refusal(404, "no module \(module) here") }
        switch (request.method, module) {
        case ("GET", "locations"):
            return page(request, module, of: store.withLock { $0.sites }.map { $0.locationObject(updated: updated) })
        case ("GET", "tariffs"):
            return page(request, module, of: store.withLock { $0.sites }.map { $0.tariffObject(updated: updated) })
        case ("GET", "tokens"):
            return page(request, module, of: store.withLock { $0.driver }.map { [$0.object(updated: updated)] } ?? [])
        case ("POST", "commands"): return command()
        case ("POST", "cdrs"), ("POST", "invoices"): return post(request, module)
        case ("PUT", "sessions"):
            store.withLock { $0.objects["sessions/\(path)"] = request.body }
            return ServedAnswer(body: Envelope.success())
        case ("PATCH", "sessions"): return patch(request, "sessions/\(path)")
        // A service also gets copies of reads, because OCN permissions do not distinguish methods. No caller uses the answer's data.
        case ("GET", "cdrs") where part == .billing: return ServedAnswer(body: Envelope.success())
        case ("GET", "sessions"), ("GET", "cdrs"): return object("\(module)/\(path)")
        default: return Self.refusal(405, "\(request.method) is not served on \(module)")
        }
    }

    /// An OCPI error with an HTTP status.
    static func refusal(_ status: Int, _ message: String) -> ServedAnswer {
        ServedAnswer(status: status, body: Envelope.error(code: .clientError, message: message))
    }

    /// A success envelope around an object's bytes.
    private static func envelope(around data: ByteBuffer) -> ByteBuffer {
        var body = ByteBuffer(string: #"{"status_code":1000,"data":"#)
        body.writeImmutableBuffer(data)
        body.writeString(#","timestamp":"\#(Timestamp.now)"}"#)
        return body
    }

    /// A CPO accepts a command, an eMSP accepts a result.
    private func command() -> ServedAnswer {
        part == .cpo
            ? ServedAnswer(body: Envelope.success(data: ["result": "ACCEPTED", "timeout": 30])) : ServedAnswer(body: Envelope.success())
    }

    private func post(_ request: ServedRequest, _ module: String) -> ServedAnswer {
        guard let id = request.body.jsonString(["id"]) else { return Self.refusal(400, "the object has no id") }
        let url = store.withLock { store in
            store.objects["\(module)/\(id)"] = request.body
            return store.url
        }
        return ServedAnswer(
            headers: [(OCPIHeader.location, "\(url)/ocpi/2.2.1/\(module)/\(id)")], body: Envelope.success(message: "received"))
    }

    private func object(_ key: String) -> ServedAnswer {
        guard let object = store.withLock({ $0.objects[key] }) else { return Self.refusal(404, "unknown object") }
        return ServedAnswer(body: Self.envelope(around: object))
    }

    /// Merges a PATCH into its object; charging periods are appended (OCPI 2.2.1, 9.2.2.3).
    private func patch(_ request: ServedRequest, _ key: String) -> ServedAnswer {
        guard let known = store.withLock({ $0.objects[key] }), case .object(var members)? = try? JSONValue.parse(known) else {
            return Self.refusal(404, "unknown object")
        }
        guard case .object(let changes)? = try? JSONValue.parse(request.body) else { return Self.refusal(400, "not a JSON object") }
        for change in changes {
            guard let index = members.firstIndex(where: { $0.name == change.name }) else {
                members.append(change)
                continue
            }
            if change.name == "charging_periods", let old = members[index].value.array, let new = change.value.array {
                members[index].value = .array(old + new)
            } else {
                members[index].value = change.value
            }
        }
        let merged = JSONValue.object(members).encoded()
        store.withLock { $0.objects[key] = merged }
        return ServedAnswer(body: Envelope.success())
    }

    /// One page of a list, with `Link`, `X-Total-Count` and `X-Limit` (OCPI 2.2.1, 4.1.3.1).
    private func page(_ request: ServedRequest, _ module: String, of objects: [JSONValue]) -> ServedAnswer {
        let offset = max(0, Self.parameter("offset", in: request.query) ?? 0)
        let limit = min(max(1, Self.parameter("limit", in: request.query) ?? Self.pageLimit), Self.pageLimit)
        let rest = objects.dropFirst(offset)
        var headers: [(name: String, value: String)] = [
            (OCPIHeader.totalCount, String(objects.count)), (OCPIHeader.limit, String(limit)),
        ]
        if rest.count > limit {
            let url = store.withLock { $0.url }
            headers.append(
                (OCPIHeader.link, "<\(url)/ocpi/2.2.1/\(module)?offset=\(offset + limit)&limit=\(limit)>; rel=\"next\""))
        }
        return ServedAnswer(headers: headers, body: Envelope.success(data: .array(Array(rest.prefix(limit)))))
    }

    private static func parameter(_ name: String, in query: String?) -> Int? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == name { return Int(parts[1]) }
        }
        return nil
    }
}
