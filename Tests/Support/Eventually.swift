package import Testing

/// Polls `condition` every few milliseconds, and fails the test if it does not hold within `limit`.
///
/// For conditions without an event; where something can be awaited, await it.
package func eventually(
    _ what: String, within limit: Duration = .seconds(60), sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("not within \(limit): \(what)", sourceLocation: sourceLocation)
            throw NotInTime(what: what)
        }
        try await Task.sleep(for: .milliseconds(10))
    }
}

/// A condition that did not hold in time.
package struct NotInTime: Error {
    /// The condition.
    package let what: String
}
