import Directory
import Topics

/// Configures the node under test. The program implements it, because only it knows the node's settings.
package protocol NodeOperator: Sendable {
    /// Makes keys and a configuration, creates the topics and writes the registry.
    func prepare(_ site: Site) async throws -> PreparedNode
    /// Deletes the topics of a node whose processes have stopped.
    func cleanUp(_ node: PreparedNode) async throws
}
