import Glibc

/// Asks Kafka again while what it answers may pass.
///
/// A topic that was just made can be unknown or without a leader for a while, a leader moves, a coordinator loads. Blocks; for threads
/// that may.
enum Retry {
    /// Between two attempts: the first pause and the longest, milliseconds.
    private static let pauses: (first: Int32, longest: Int32) = (20, 200)
    /// How long one attempt may take: the first, and any. Short, so that whoever stops need not wait and
    /// a broker that has gone holds nobody longer than its partitions are without a leader; longer again where Kafka is slow.
    private static let attempts: (first: Int32, longest: Int32) = (1000, 4000)

    /// - Parameters:
    ///   - ask: one attempt within so many milliseconds; nil if the client is closed.
    ///   - isWorthwhile: whether an answer like this may pass.
    /// - Returns: the first good answer, or the last bad one.
    static func until<Value>(
        _ deadline: Deadline, _ operation: String, isWorthwhile: (KafkaError) -> Bool = { $0.mayPass },
        _ ask: (_ milliseconds: Int32) -> Result<Value, KafkaError>?
    ) -> Result<Value, KafkaError> {
        var attempt = attempts.first
        var pause = pauses.first
        while true {
            guard let answer = ask(min(attempt, max(1, deadline.remainingMilliseconds))) else { return .failure(.closed(operation)) }
            guard case .failure(let error) = answer, isWorthwhile(error), !deadline.hasPassed else { return answer }
            usleep(UInt32(min(pause, max(1, deadline.remainingMilliseconds))) * 1000)
            attempt = min(attempt * 2, attempts.longest)
            pause = min(pause * 2, pauses.longest)
        }
    }
}
