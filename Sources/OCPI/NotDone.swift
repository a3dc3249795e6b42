/// Between nodes, in the header `OCN-Not-Done` of an answer to a message: the request had no effect, so it may be repeated.
///
/// Not sent to parties. The reference nodes do not send it.
package enum NotDone: String, Sendable {
    /// Because of the recipient's state: it is not connected, for instance, or lacks the called interface. A copy waits until that changes.
    case hindered
    /// For any other reason: a check, a limit, a deadline, a connection.
    case refused

    /// Parses the header; any value means that the request had no effect.
    package init(header text: String) {
        self = NotDone(rawValue: text) ?? .refused
    }
}
