/// The called interface of a module (OCPI 2.2.1, 6.2.4), not the role of the caller.
package enum InterfaceRole: String, Sendable, CaseIterable {
    case sender = "SENDER"
    case receiver = "RECEIVER"

    /// The path segment: `sender` or `receiver`.
    package var path: String {
        switch self {
        case .sender: "sender"
        case .receiver: "receiver"
        }
    }

    /// Parses the path segment, lower case only.
    package init?(path: some StringProtocol) {
        switch path {
        case "sender": self = .sender
        case "receiver": self = .receiver
        default: return nil
        }
    }
}
