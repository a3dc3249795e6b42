package import Directory
import Kafka
package import OCPI
import Topics

/// What a ``NodeOperator`` needs to prepare a node.
package struct Site: Sendable {
    /// Address of Kafka.
    package let bootstrap: String
    /// Prefix of the topic names.
    package let prefix: String
    /// The node's public URL, without a trailing slash.
    package let publicURL: String
    /// Services that get an outbox.
    package let services: [PartyID]
    /// The registry entries besides the node itself, by the node's operator address.
    package let registry: @Sendable (_ operatorAddress: String) -> [Fact]
    /// Settings of the node that differ from the defaults.
    package let tuning: Tuning
}
