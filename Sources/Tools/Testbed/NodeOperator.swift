import Directory
import Topics

/// The operator of the node under test: who knows how a node is configured. The program is it.
package protocol NodeOperator: Sendable {
    /// Makes keys and a configuration, creates the topics and writes the registry.
    func prepare(_ site: Site) async throws -> PreparedNode
    /// Deletes the topics of a node whose processes have stopped.
    func cleanUp(_ node: PreparedNode) async throws
}
