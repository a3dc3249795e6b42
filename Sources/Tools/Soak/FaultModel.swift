import Testbed

/// How a service behaves towards what it gets. A value: time is given.
struct FaultModel: Sendable {
    enum Kind: Sendable { case steady, flapping, hanging }

    /// What becomes of one copy.
    enum Reaction: Sendable, Equatable {
        /// It is taken at once; the answer comes after the delay.
        case take(delay: Duration)
        /// Not now: HTTP 503.
        case fail
        /// Not now: HTTP 200 with an OCPI server error.
        case failInside
        /// Never: HTTP 400.
        case refuse
    }

    /// The flapping service never takes a copy of every so many requests.
    static let refused = 40
    private let kind: Kind
    private var numbers: SeededNumbers
    private var hang: Range<Duration> = .zero ..< .zero
    private var isCalm = false

    init(_ kind: Kind, seed: UInt64) {
        self.kind = kind
        numbers = SeededNumbers(seed: seed)
    }

    /// From now on it behaves; what it never takes it still does not take.
    mutating func calmDown() { isCalm = true }

    /// - Parameter number: of the request that the copy is of.
    mutating func react(to number: Int, at time: Duration) -> Reaction {
        switch kind {
        case .steady: return .take(delay: .zero)
        case .flapping:
            if number % Self.refused == 0 { return .refuse }
            guard !isCalm, Bool.random(using: &numbers) else { return .take(delay: .zero) }
            return Bool.random(using: &numbers) ? .fail : .failInside
        case .hanging:
            while hang.upperBound <= time {
                let begin = max(hang.upperBound, time) + numbers.milliseconds(2_000...5_000)
                hang = begin..<begin + numbers.milliseconds(500...2_000)
            }
            return .take(delay: !isCalm && hang.contains(time) ? hang.upperBound - time : .zero)
        }
    }
}
