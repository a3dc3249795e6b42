import OCPI

/// The statuses that the last attempt returned.
struct LastAttempt: Sendable, Equatable {
    var httpStatus: Int?
    var status: Int?
}
