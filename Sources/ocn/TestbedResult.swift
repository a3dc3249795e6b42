import Fuzz
import Glibc
import Soak

/// The result of a run with a testbed.
protocol TestbedResult: Sendable {
    /// Whether the run succeeded.
    var isOK: Bool { get }
    /// The result as one JSON object.
    var json: String { get }
    /// The result as text.
    var lines: [String] { get }
}
