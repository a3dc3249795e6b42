/// How long a broker holds a fetch that finds nothing (`fetch.wait.max.ms`). The embedded cluster always holds it for this time, a real one
/// until a record is written.
package enum FetchWait: String, Sendable, CaseIterable {
    /// For the embedded cluster, so that tests do not wait.
    case short = "2"
    /// librdkafka's default, which real nodes use.
    case usual = "500"

    /// One of two numbers, for rounds that take longer the longer fetches wait.
    package func pick<Value>(short: Value, usual: Value) -> Value { self == .short ? short : usual }
}
