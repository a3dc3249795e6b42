import Fuzz
import Glibc
import Soak

/// What a run against a testbed of processes ends with.
protocol TestbedResult: Sendable {
    /// Whether everything was as it must be.
    var isOK: Bool { get }
    /// For programs: one JSON object.
    var json: String { get }
    /// For people.
    var lines: [String] { get }
}
