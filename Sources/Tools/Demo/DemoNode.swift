import Directory
import Kafka

/// The addresses and the admin token of a running node.
package struct DemoNode: Sendable {
    /// Base URL of the public listener, without a trailing slash.
    package let publicURL: String
    /// Base URL of the private listener, without a trailing slash.
    package let adminURL: String
    /// Token of the admin API.
    package let adminToken: String
    /// Ethereum address of the node's key, as the registry lists it.
    package let operatorAddress: String

    package init(publicURL: String, adminURL: String, adminToken: String, operatorAddress: String) {
        self.publicURL = publicURL
        self.adminURL = adminURL
        self.adminToken = adminToken
        self.operatorAddress = operatorAddress
    }
}
