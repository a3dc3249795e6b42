@testable import ocn

/// Configurations for tests.
enum ConfigurationText {
    static let secret = "a secret that nobody may see"
    static let key = "3c5fd1a7e08b4269a1d47c90be6f25835d0e7b1a94c6f8230b9a6d417e52c80f"

    /// The required settings of a node. Further settings can be appended with their whole key at the beginning of a line.
    static let complete = """
        node: { url: "https://ocn.example/", key: \(key), secret: \(secret), admin_key: an-admin-key-of-the-test }
        kafka: { bootstrap: "127.0.0.1:9092" }

        """

    /// The configuration of a node with the file ``complete`` and further settings.
    static func configuration(_ more: String = "", environment: [String: String] = [:]) throws -> NodeConfiguration {
        try NodeConfiguration([.environment(environment), .yaml(complete + more, path: "node.yaml")])
    }

    /// The problems of this configuration; empty if there are none.
    static func problems(_ more: String = "", environment: [String: String] = [:]) -> [String] {
        do {
            _ = try configuration(more, environment: environment)
            return []
        } catch let error as ConfigurationError {
            return error.problems.map(\.description)
        } catch {
            return ["no ConfigurationError: \(error)"]
        }
    }

    /// The problems of a file by itself.
    static func problems(file text: String) -> [String] {
        do {
            return SettingValues([try .yaml(text, path: "node.yaml")]).problems.map(\.description)
        } catch {
            return error.problems.map(\.description)
        }
    }
}
