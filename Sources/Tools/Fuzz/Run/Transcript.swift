/// What happened on one connection.
struct Transcript: Sendable, Equatable {
    /// All that came back.
    var bytes: [UInt8] = []
    /// It was not possible to connect.
    var isRefused = false
    /// The answer, or the end of the connection, did not come in time.
    var isOverdue = false
}
