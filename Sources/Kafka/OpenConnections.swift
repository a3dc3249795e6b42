import CLibrdkafka
import Glibc
import Instruments
import Synchronization

/// The number of this process's connections to Kafka brokers, including those being opened.
package enum OpenConnections {
    private static let open = Atomic<Int>(0)
    private static let metrics = ConnectionMetrics()

    /// The present number. Any thread.
    package static var count: Int { open.load(ordering: .relaxed) }

    /// Makes a client's sockets count.
    static func count(_ conf: OpaquePointer) {
        // Replaces librdkafka's own calls with ones that also count. They run on its threads.
        rd_kafka_conf_set_socket_cb(conf) { domain, type, transport, _ in
            let socket = Glibc.socket(domain, type | Int32(SOCK_CLOEXEC.rawValue), transport)
            if socket >= 0 { OpenConnections.changed(by: 1) }
            return socket
        }
        rd_kafka_conf_set_closesocket_cb(conf) { socket, _ in
            OpenConnections.changed(by: -1)
            return Glibc.close(socket)
        }
    }

    private static func changed(by difference: Int) {
        metrics.open.record(open.add(difference, ordering: .relaxed).newValue)
    }
}
