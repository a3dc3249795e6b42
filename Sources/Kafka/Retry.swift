import Glibc

/// Retries a query while its error is retriable.
///
/// A new topic can be unknown or without a leader for a while, a leader moves, a coordinator loads. Blocks.
enum Retry {
    /// The first and the longest pause between two attempts, in milliseconds.
    private static let pauses: (first: Int32, longest: Int32) = (20, 200)
    /// The time limit of the first attempt and the longest one, in milliseconds. Short, so that stopping is quick and a lost broker delays
    /// no caller for longer than its partitions lack a leader; longer again where Kafka is slow.
    private static let attempts: (first: Int32, longest: Int32) = (1000, 4000)

    /// - Parameters:
    ///   - ask: one attempt within the given milliseconds; nil if the client is closed.
    ///   - isWorthwhile: whether an error is retriable.
    /// - Returns: the first success, or the last error.
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
