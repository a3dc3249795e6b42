import Directory
import Encoding
import OCPI
import Topics

/// A URL of a custom module in the form in which a caller may request it: below the hub's own path of the module, as
/// `/ocpi/custom/sender/parking/1?x=2`. It needs no token, because a caller that may use the module may request everything below its
/// endpoint. Without scheme and host it is the same at every node, so between nodes it stands for the party's own URL.
enum CustomPlace {
    /// The hub path under which the caller reaches a party's URL. Nil if the URL does not lie below the called endpoint, compared as a
    /// server would, or if the hub cannot route it.
    /// - Parameter url: an absolute URL.
    static func of(_ url: String, _ record: RequestRecord, in directory: Directory) -> String? {
        guard directory.lies(url, below: record.module, record.interface, of: record.to),
            let platform = directory.platform(of: record.to),
            let base = directory.endpoint(of: platform.id, record.module, record.interface),
            let (path, query) = URLJoin.remainder(of: url, below: base)
        else { return nil }
        return checked(PercentText.inBrackets(URLJoin.join(endpoint(record), path, query: query)), record)
    }

    /// The path from another node's answer, if it is valid.
    static func checked(_ place: String, _ record: RequestRecord) -> String? {
        guard place.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "#") }),
            case .module(let route) = Route.parse(path: String(place.prefix { $0 != "?" })), route.isCustom,
            route.module == record.module, route.interface == record.interface
        else { return nil }
        return place
    }

    private static func endpoint(_ record: RequestRecord) -> String {
        ModuleRoute(version: record.version, module: record.module, interface: record.interface, remainder: "", isCustom: true).endpointPath
    }
}
