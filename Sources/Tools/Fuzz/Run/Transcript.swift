/// The events on one connection.
struct Transcript: Sendable, Equatable {
    /// All received bytes.
    var bytes: [UInt8] = []
    /// Whether the connection was refused.
    var isRefused = false
    /// Whether the answer, or the end of the connection, timed out.
    var isOverdue = false
}
