import Encoding
import Notary
import OCPI
import Outbound

/// Whether nobody but this machine reaches something.
enum Loopback {
    /// A host to listen on or to connect to; a name other than `localhost` may mean anything.
    static func isHost(_ host: String) -> Bool {
        let name = host.trimmed.lowercased().drop { $0 == "[" }.prefix { $0 != "]" }
        return name == "localhost" || AddressPolicy.isLoopback(String(name))
    }

    /// An http or https URL.
    static func isURL(_ url: String) -> Bool {
        guard let origin = URLJoin.origin(of: url), let scheme = origin.firstRange(of: "://") else { return false }
        return isServer(String(origin[scheme.upperBound...]))
    }

    /// Kafka's brokers, separated by commas: all of them.
    static func areBrokers(_ brokers: String) -> Bool {
        brokers.split(separator: ",").allSatisfy { broker in
            let text = String(broker).trimmed
            return isServer(text.firstRange(of: "://").map { String(text[$0.upperBound...]) } ?? text)
        }
    }

    private static func isServer(_ authority: String) -> Bool { URLJoin.server(authority).map { isHost($0.host) } ?? false }
}
