/// The values of EXCHANGE's gauges.
struct ExchangeFigures: Sendable, Equatable {
    var waitingForIntent = 0
    var waitingForPlace = 0
    /// Requests that have a place.
    var calls = 0
    /// Recipients whose breaker is not closed.
    var unanswering = 0
}
