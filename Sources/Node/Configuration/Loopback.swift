import Encoding
import Notary
import OCPI
import Outbound

/// Decides whether an address is reachable from this machine only.
enum Loopback {
    /// Whether a host to listen on or connect to is a loopback address. Names other than `localhost` are not, because they may resolve to
    /// anything.
    static func isHost(_ host: String) -> Bool {
        let name = host.trimmed.lowercased().drop { $0 == "[" }.prefix { $0 != "]" }
        return name == "localhost" || AddressPolicy.isLoopback(String(name))
    }

    /// Whether an http or https URL has a loopback host.
    static func isURL(_ url: String) -> Bool {
        guard let origin = URLJoin.origin(of: url), let scheme = origin.firstRange(of: "://") else { return false }
        return isServer(String(origin[scheme.upperBound...]))
    }

    /// Whether all of Kafka's brokers, separated by commas, are on loopback.
    static func areBrokers(_ brokers: String) -> Bool {
        brokers.split(separator: ",").allSatisfy { broker in
            let text = String(broker).trimmed
            return isServer(text.firstRange(of: "://").map { String(text[$0.upperBound...]) } ?? text)
        }
    }

    private static func isServer(_ authority: String) -> Bool { URLJoin.server(authority).map { isHost($0.host) } ?? false }
}
