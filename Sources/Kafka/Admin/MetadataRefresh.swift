import CLibrdkafka

/// Lets a client learn anew which broker leads which partition, and which one is the controller.
///
/// librdkafka takes what it has heard for good where nothing of its own has failed: it would wait, until a request's time is over, for a
/// controller that has gone, and never ask again about a partition that had no leader.
enum MetadataRefresh {
    /// Most time that it may take, milliseconds.
    private static let limit: Int32 = 1000

    /// Asks a broker that answers. Blocks for at most so many milliseconds, and a second; for threads that may. Whoever asks for something
    /// next sees whether it has helped.
    static func perform(_ rk: OpaquePointer, milliseconds: Int32) {
        var found: UnsafePointer<rd_kafka_metadata>?
        rd_kafka_metadata(rk, 1, nil, &found, min(milliseconds, limit))
        if let found { rd_kafka_metadata_destroy(found) }
    }
}
