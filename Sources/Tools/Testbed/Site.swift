package import Directory
import Kafka
package import OCPI
import Topics

/// What is to be prepared before processes can start.
package struct Site: Sendable {
    /// Kafka's address.
    package let bootstrap: String
    /// What topic names begin with.
    package let prefix: String
    /// The node's public URL, without a trailing slash.
    package let publicURL: String
    /// Services that get an outbox.
    package let services: [PartyID]
    /// What stands in the registry besides the node itself, by the node's operator address.
    package let registry: @Sendable (_ operatorAddress: String) -> [Fact]
    /// How the node is set.
    package let tuning: Tuning
}
