import Encoding
import OCPI

/// A node of the Open Charging Network, as the registry lists it.
package struct NetworkNode: Sendable, Equatable {
    /// Ethereum address of its operator, lower case with 0x.
    package var operatorAddress: String
    /// Public base URL.
    package var url: String
    /// How to talk to it: `ocn-1`.
    package var dialect: String
    /// It verifies the bytes it received, as this program does, so bodies go to it untouched. The reference node instead verifies its
    /// own serialisation of what it parsed: bodies to it are written the way it would write them.
    package var isVerbatim: Bool
    /// The registry source that said so.
    package var source: String

    /// - Parameters: as the properties say; the address is lower-cased.
    package init(operatorAddress: String, url: String, dialect: String = "ocn-1", isVerbatim: Bool = false, source: String) {
        self.operatorAddress = operatorAddress.lowercased()
        self.url = url
        self.dialect = dialect
        self.isVerbatim = isVerbatim
        self.source = source
    }
}

/// How a service gets its copies.
package enum ServiceDelivery: String, Sendable, CaseIterable {
    /// Over HTTP, by PUSH.
    case push
    /// It reads its outbox itself.
    case topic
}
