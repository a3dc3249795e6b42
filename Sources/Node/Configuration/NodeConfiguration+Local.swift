import Kafka
import Notary
import OCPI

extension NodeConfiguration {
    /// A node for one machine: fresh keys, loopback only.
    /// - Parameters:
    ///   - number: what it is called by.
    ///   - bootstrap: Kafka's brokers.
    ///   - ports: where it listens.
    package static func local(
        number: Int, bootstrap: String, ports: (public: Int, private: Int)
    ) throws(ConfigurationError) -> NodeConfiguration {
        var configuration = try NodeConfiguration([
            .program([
                "node.url": "http://127.0.0.1:\(ports.public)", "node.name": "Node \(number)",
                "node.key": .text(SigningKey.generate().secretHex), "node.secret": .text(Token.generate().raw),
                "node.admin_key": .text(Token.generate().raw),
                "http.public.host": "127.0.0.1", "http.public.port": "\(ports.public)", "http.private.port": "\(ports.private)",
                "http.allow_networks": ["127.0.0.0/8"], "kafka.bootstrap": .text(bootstrap),
                // Services of the demo come back within seconds: so should their copies.
                "push.backoff_base_ms": 200, "push.backoff_cap_ms": 1000,
            ])
        ])
        configuration.instance = "node-\(number)"
        configuration.kafka.clientID = configuration.instance
        return configuration
    }
}
