@testable import ocn

/// Configurations of tests.
enum ConfigurationText {
    static let secret = "a secret that nobody may see"
    static let key = "3c5fd1a7e08b4269a1d47c90be6f25835d0e7b1a94c6f8230b9a6d417e52c80f"

    /// All that a node must be given; settings can be added with their whole key at the beginning of a line.
    static let complete = """
        node: { url: "https://ocn.example/", key: \(key), secret: \(secret), admin_key: an-admin-key-of-the-test }
        kafka: { bootstrap: "127.0.0.1:9092" }

        """

    /// The configuration of a node whose file is ``complete`` and more.
    static func configuration(_ more: String = "", environment: [String: String] = [:]) throws -> NodeConfiguration {
        try NodeConfiguration([.environment(environment), .yaml(complete + more, path: "node.yaml")])
    }

    /// What is wrong with it; empty if nothing is.
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

    /// What is wrong with a file by itself.
    static func problems(file text: String) -> [String] {
        do {
            return SettingValues([try .yaml(text, path: "node.yaml")]).problems.map(\.description)
        } catch {
            return error.problems.map(\.description)
        }
    }
}
