import Testbed

/// Simulates the faults of a service. A value; the time is a parameter.
struct FaultModel: Sendable {
    enum Kind: Sendable { case steady, flapping, hanging }

    /// The answer to one copy.
    enum Reaction: Sendable, Equatable {
        /// The copy is accepted at once and answered after the delay.
        case take(delay: Duration)
        /// The copy is answered with HTTP 503, to be tried again.
        case fail
        /// The copy is answered with HTTP 200 and an OCPI server error, to be tried again.
        case failInside
        /// The copy is rejected for good with HTTP 400.
        case refuse
    }

    /// The flapping service rejects one request of this number.
    static let refused = 40
    private let kind: Kind
    private var numbers: SeededNumbers
    private var hang: Range<Duration> = .zero ..< .zero
    private var hasNoFaults = false

    init(_ kind: Kind, seed: UInt64) {
        self.kind = kind
        numbers = SeededNumbers(seed: seed)
    }

    /// Stops the faults, except rejections.
    mutating func endFaults() { hasNoFaults = true }

    /// - Parameter number: the number of the copied request.
    mutating func react(to number: Int, at time: Duration) -> Reaction {
        switch kind {
        case .steady: return .take(delay: .zero)
        case .flapping:
            if number % Self.refused == 0 { return .refuse }
            guard !hasNoFaults, Bool.random(using: &numbers) else { return .take(delay: .zero) }
            return Bool.random(using: &numbers) ? .fail : .failInside
        case .hanging:
            while hang.upperBound <= time {
                let begin = max(hang.upperBound, time) + numbers.milliseconds(2_000...5_000)
                hang = begin..<begin + numbers.milliseconds(500...2_000)
            }
            return .take(delay: !hasNoFaults && hang.contains(time) ? hang.upperBound - time : .zero)
        }
    }
}
