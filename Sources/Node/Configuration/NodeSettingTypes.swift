import Delivery
import Encoding
import Kafka
import Notary
import OCPI
import Outbound

/// The source of a node's registry.
enum RegistryKind: String, CaseIterable, Sendable {
    case state, file
}

extension SettingType where Value == String {
    /// An absolute URL, stored without slashes at its end.
    static var url: SettingType {
        let allowed = "an http or https URL like https://ocn.example.com"
        return SettingType(allowed: allowed) { raw throws(ValueRefusal) in
            let text = try raw.oneText(allowed)
            if let fault = URLJoin.faultOfBase(text) {
                let isOther = URLJoin.origin(of: text) == nil && !URLJoin.mayHoldPassword(text)
                throw isOther ? ValueRefusal("be \(allowed)", found: .value(text)) : ValueRefusal(fault)
            }
            var url = text
            while url.hasSuffix("/") { url.removeLast() }
            return url
        }
    }

    /// A secret that is long enough not to be guessed.
    static var longText: SettingType { .one("a text of at least 16 characters") { $0.utf8.count >= 16 ? $0 : nil } }

    /// The characters that Kafka permits in topic names, with room for the suffix.
    package static var topicPrefix: SettingType {
        .one("letters, digits, '.', '_' and '-', at most 200") { text in
            let isLegal = text.unicodeScalars.allSatisfy {
                $0.isASCII && ($0.properties.isAlphabetic || "0123456789._-".unicodeScalars.contains($0))
            }
            return isLegal && text.utf8.count <= 200 ? text : nil
        }
    }

    /// An address range in CIDR notation.
    static var network: SettingType {
        .one("a network like 10.0.0.0/8 or fd00::/8") { text in
            let network = text.trimmed
            return (try? AddressPolicy(allowing: [network])) == nil ? nil : network
        }
    }

    /// A list of brokers in librdkafka's format.
    package static var brokers: SettingType {
        .one("host:port of one or more brokers, separated by commas") { text in
            let brokers = text.split(separator: ",", omittingEmptySubsequences: false).map { String($0).trimmed }
            return brokers.allSatisfy(isBroker) ? brokers.joined(separator: ",") : nil
        }
    }

    /// `host`, `host:port`, `[address]:port`, or one of these with a Kafka protocol in front. A number alone is a port without a host.
    private static func isBroker(_ text: String) -> Bool {
        var rest = text[...]
        if let scheme = text.firstRange(of: "://") {
            guard protocols.contains(text[..<scheme.lowerBound].uppercased()) else { return false }
            rest = text[scheme.upperBound...]
        }
        guard rest.last != ":", let server = URLJoin.server(String(rest)) else { return false }
        return !server.host.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    /// The protocols of Kafka's listeners.
    private static var protocols: Set<String> { ["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] }
}

extension SettingType where Value == PartyID {
    static var party: SettingType { .one("a party like CH-OCN") { PartyID($0.trimmed) } }
}

extension SettingType where Value == SigningKey {
    static var signingKey: SettingType { .one("a secp256k1 private key, 64 hex digits") { SigningKey(hex: $0.trimmed) } }
}

extension SettingType where Value == Token {
    /// It is sent in a header, so it must be printable ASCII.
    static var token: SettingType {
        .one("a text of at least 16 characters, printable ASCII without blanks") { text in
            text.utf8.count >= 16 && text.utf8.allSatisfy { (0x21...0x7E).contains($0) } ? Token(text) : nil
        }
    }
}

extension SettingType where Value == Set<NodeRole> {
    /// At least one role.
    static var roles: SettingType {
        let list = SettingType<[NodeRole]>.list(of: NodeRole.allCases.map(\.rawValue).joined(separator: ", "), .choice)
        return SettingType(allowed: list.allowed) { raw throws(ValueRefusal) in
            let roles = Set(try list.read(raw))
            guard !roles.isEmpty else { throw ValueRefusal("be \(list.allowed), at least one") }
            return roles
        }
    }
}

extension SettingType where Value == [String: String] {
    /// Properties of librdkafka, which validates them without asking a broker. Errors name an entry by its number only, because it may be
    /// secret.
    static var kafkaProperties: SettingType {
        let allowed = "a list of librdkafka's properties, each written as name=value"
        return SettingType(allowed: allowed) { raw throws(ValueRefusal) in
            var entries: [String: Int] = [:]
            var properties: [String: String] = [:]
            for (index, text) in try raw.entries(allowed, entriesMayHoldCommas: true).enumerated() {
                let number = index + 1
                guard let sign = text.firstIndex(of: "="), !text[..<sign].allSatisfy(\.isWhitespace) else {
                    throw ValueRefusal("be written as name=value", entry: number)
                }
                let name = String(text[..<sign]).trimmed
                let value = String(text[text.index(after: sign)...]).trimmed
                if let first = entries.updateValue(number, forKey: name) {
                    throw ValueRefusal("not set the same property as entry \(first)", entry: number)
                }
                if name == unsecured, value != "false" {
                    throw ValueRefusal(
                        "not set \(name): it is not supported, because it is insecure: nobody signs such tokens", entry: number)
                }
                if let reason = GuardedProperties.reason(against: name) {
                    throw ValueRefusal("not set \(name): \(reason)", entry: number)
                }
                switch KafkaSettings.fault(ofProperty: name, value: value) {
                case nil: properties[name] = value
                case .unknownName:
                    let similar = SimilarNames.names(to: name, among: KafkaSettings.propertyNames)
                    throw ValueRefusal("name a property that librdkafka knows\(SimilarNames.question(similar))", entry: number)
                case .invalidValue: throw ValueRefusal("have a value that librdkafka permits for this property", entry: number)
                }
            }
            for name in mechanism where properties[name]?.uppercased() == "OAUTHBEARER" {
                guard properties["sasl.oauthbearer.method"]?.lowercased() != "oidc" else { continue }
                throw ValueRefusal(
                    "not ask for OAUTHBEARER without sasl.oauthbearer.method=oidc: nothing else gives it tokens", entry: entries[name])
            }
            return properties
        }
    }

    /// The two names of one property.
    private static var mechanism: [String] { ["sasl.mechanism", "sasl.mechanisms"] }

    /// A test feature of librdkafka, which ends the process.
    private static var unsecured: String { "enable.sasl.oauthbearer.unsecure.jwt" }
}
