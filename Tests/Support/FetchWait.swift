/// How long a broker may keep a fetch that finds nothing (`fetch.wait.max.ms`). The embedded cluster always keeps it for so long, a real one
/// until something is written, so that there is nothing to shorten.
package enum FetchWait: String, Sendable, CaseIterable {
    /// So that tests on the embedded cluster do not wait.
    case short = "2"
    /// librdkafka's default, and so the usual one of a real node.
    case usual = "500"

    /// One of two numbers: of rounds, where each takes longer the longer fetches wait.
    package func pick<Value>(short: Value, usual: Value) -> Value { self == .short ? short : usual }
}
