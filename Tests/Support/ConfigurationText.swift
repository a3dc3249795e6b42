/// A configuration of tests.
package enum ConfigurationText {
    /// `node.secret`.
    package static let secret = "a secret that nobody may see"
    /// `node.key`.
    package static let key = "3c5fd1a7e08b4269a1d47c90be6f25835d0e7b1a94c6f8230b9a6d417e52c80f"

    /// All that a node must be given; settings can be added with their whole key at the beginning of a line.
    package static let complete = """
        node: { url: "https://ocn.example/", key: \(key), secret: \(secret), admin_key: an-admin-key-of-the-test }
        kafka: { bootstrap: "127.0.0.1:9092" }

        """
}
