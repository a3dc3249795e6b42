import Encoding
import NIOCore
import OCPI
import Synchronization
import TestParties

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

    /// The interfaces of the party's role; `invoices` is a custom module.
    var interfaces: [Interface] {
        let modules: [(String, InterfaceRole)] =
            switch part {
            case .cpo: [("locations", .sender), ("tariffs", .sender), ("commands", .receiver)]
            case .emsp:
                [("sessions", .receiver), ("cdrs", .receiver), ("commands", .sender), ("tokens", .sender), ("invoices", .receiver)]
            case .billing: [("cdrs", .receiver)]
            }
        return modules.map { Interface(ModuleID(rawValue: $0), $1) }
    }

    /// Answers a request to one of its interfaces.
    func answer(_ request: PartyRequest) -> ServerAnswer {
        let module = request.interface?.module.rawValue ?? ""
        let path = request.rest
        switch (request.method.rawValue, module) {
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
            return .success()
        case ("PATCH", "sessions"): return patch(request, "sessions/\(path)")
        // A service also gets copies of reads, because OCN permissions do not distinguish methods. No caller uses the answer's data.
        case ("GET", "cdrs") where part == .billing: return .success()
        case ("GET", "sessions"), ("GET", "cdrs"): return object("\(module)/\(path)")
        default: return .failure(2000, status: 405, "\(request.method) is not served on \(module)")
        }
    }

    /// A success envelope around an object's bytes.
    private static func envelope(around data: ByteBuffer) -> ByteBuffer {
        var body = ByteBuffer(string: #"{"status_code":1000,"data":"#)
        body.writeImmutableBuffer(data)
        body.writeString(#","timestamp":"\#(Timestamp.now)"}"#)
        return body
    }

    /// A CPO accepts a command, an eMSP accepts a result.
    private func command() -> ServerAnswer {
        part == .cpo
            ? .success(["result": "ACCEPTED", "timeout": 30]) : .success()
    }

    private func post(_ request: PartyRequest, _ module: String) -> ServerAnswer {
        guard let id = request.body.jsonString(["id"]) else { return .failure(2000, status: 400, "the object has no id") }
        let url = store.withLock { store in
            store.objects["\(module)/\(id)"] = request.body
            return store.url
        }
        return .success(message: "received", headers: [(OCPIHeader.location, "\(url)/ocpi/2.2.1/\(module)/\(id)")])
    }

    private func object(_ key: String) -> ServerAnswer {
        guard let object = store.withLock({ $0.objects[key] }) else { return .failure(2000, status: 404, "unknown object") }
        return ServerAnswer(body: Self.envelope(around: object))
    }

    /// Merges a PATCH into its object; charging periods are appended (OCPI 2.2.1, 9.2.2.3).
    private func patch(_ request: PartyRequest, _ key: String) -> ServerAnswer {
        guard let known = store.withLock({ $0.objects[key] }), case .object(var members)? = try? JSONValue.parse(known) else {
            return .failure(2000, status: 404, "unknown object")
        }
        guard case .object(let changes)? = try? JSONValue.parse(request.body) else {
            return .failure(2000, status: 400, "not a JSON object")
        }
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
        return .success()
    }

    /// One page of a list, with `Link`, `X-Total-Count` and `X-Limit` (OCPI 2.2.1, 4.1.3.1).
    private func page(_ request: PartyRequest, _ module: String, of objects: [JSONValue]) -> ServerAnswer {
        let offset = max(0, Self.parameter("offset", in: request.query) ?? 0)
        let limit = min(max(1, Self.parameter("limit", in: request.query) ?? Self.pageLimit), Self.pageLimit)
        let rest = objects.dropFirst(offset)
        let next = store.withLock { "\($0.url)/ocpi/2.2.1/\(module)?offset=\(offset + limit)&limit=\(limit)" }
        return .page(Array(rest.prefix(limit)), total: objects.count, limit: limit, next: rest.count > limit ? next : nil)
    }

    private static func parameter(_ name: String, in query: String?) -> Int? {
        for pair in (query ?? "").split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1)
            if parts.count == 2, parts[0] == name { return Int(parts[1]) }
        }
        return nil
    }
}
