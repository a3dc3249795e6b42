import CLibrdkafka

/// Makes a client refresh which broker leads each partition, and which one is the controller.
///
/// librdkafka keeps its metadata as long as none of its own requests fails: it would wait for a lost controller until a request times out,
/// and never query again a partition that had no leader.
enum MetadataRefresh {
    /// The time limit, in milliseconds.
    private static let limit: Int32 = 1000

    /// Queries any broker that answers. Blocks for at most `milliseconds` and one second. A failure is not reported; the next request shows
    /// it.
    static func perform(_ rk: OpaquePointer, milliseconds: Int32) {
        var found: UnsafePointer<rd_kafka_metadata>?
        rd_kafka_metadata(rk, 1, nil, &found, min(milliseconds, limit))
        if let found { rd_kafka_metadata_destroy(found) }
    }
}
