import Directory
import Topics

/// The operator of the node under test: who knows how a node is configured. The program is it.
package struct NodeOperator: Sendable {
    /// Makes keys and a configuration, creates the topics and writes the registry.
    let prepare: @Sendable (Site) async throws -> PreparedNode
    /// Deletes the topics of a node whose processes have stopped.
    let cleanUp: @Sendable (PreparedNode) async throws -> Void

    /// - Parameters:
    ///   - prepare: makes keys and a configuration, creates the topics and writes the registry.
    ///   - cleanUp: deletes the topics of a node whose processes have stopped.
    package init(
        prepare: @escaping @Sendable (Site) async throws -> PreparedNode, cleanUp: @escaping @Sendable (PreparedNode) async throws -> Void
    ) {
        self.prepare = prepare
        self.cleanUp = cleanUp
    }
}
