import OCPI

/// What is known of the last attempt.
struct LastAttempt: Sendable, Equatable {
    var httpStatus: Int?
    var status: Int?
}
