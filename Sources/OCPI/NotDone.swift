/// Between nodes, in the header `OCN-Not-Done` of an answer to a message: nothing was done about the request, so the same may come again.
///
/// Not for parties. The reference nodes do not say it.
package enum NotDone: String, Sendable {
    /// Because of how the recipient stands: it is not connected, say, or lacks what is to be called. What can wait waits for that.
    case hindered
    /// Because of anything else: a check, a limit, a deadline, a connection.
    case refused

    /// Reads the header; whatever it says means that nothing was done.
    package init(header text: String) {
        self = NotDone(rawValue: text) ?? .refused
    }
}
