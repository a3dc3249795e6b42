import Support

@testable import Node

extension ConfigurationText {
    /// The configuration of a node whose file is ``complete`` and more.
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
