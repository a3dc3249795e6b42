import CLibrdkafka
import Instruments
package import Logging
import NIOCore
import Synchronization

/// How long records of a topic may take before they fail.
package enum DeliveryTimeout: Sendable, Equatable {
    /// `message.timeout.ms`.
    case usual
    /// No limit: an idempotent producer then keeps their order in any case.
    case endless
    /// The given limit: records that wait in this process for longer are not sent.
    case limited(Duration)
}

/// Sends records; any thread may call. Acknowledged by all in-sync replicas, idempotent, without lingering.
///
/// One thread of its own serves the delivery reports. The owner must call `close`, else that thread lives on.
package final class Producer: Sendable {
    private enum Phase {
        case running
        case closing(flush: Duration)
        case closed
    }

    private struct State {
        var phase = Phase.running
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    /// Unchecked, because librdkafka's topic handles may be used from any thread; this type never frees one, `finish` does.
    private struct TopicHandle: @unchecked Sendable {
        let pointer: OpaquePointer
        /// Until then an unknown-topic answer may come from a broker that does not know the topic yet.
        var isDoubtfulUntil = Deadline(after: TopicHandle.deliveryTimeout)
        static let deliveryTimeout = Duration.seconds(30)
    }

    private typealias Report = @Sendable (Result<RecordPosition, KafkaError>) -> Void

    /// A record that waits until brokers know its topic.
    private struct Waiting: Sendable {
        let record: OutgoingRecord
        let report: Report
    }

    private let client: ClientHandle
    private let state = Mutex(State())
    /// By topic. While a topic is listed here, its further records queue behind, so that they keep their order.
    private let waiting = Mutex<[String: [Waiting]]>([:])
    private let somethingWaits = Atomic<Bool>(false)
    private let topics = Mutex<[String: TopicHandle]>([:])
    private let outstanding = Atomic<Int>(0)
    private let queueLength: GaugeMetric
    private let failures: CounterMetric
    private let logger: Logger
    private let missingRights: MissingRights
    private let deliveryTimeout: @Sendable (_ topic: String) -> DeliveryTimeout

    /// - Parameters:
    ///   - settings: its client id also names the thread.
    ///   - deliveryTimeout: how long records of a topic may take.
    ///   - logger: for librdkafka's own lines too.
    /// - Throws: a property that librdkafka refuses, by name. Brokers are not contacted here.
    package init(
        _ settings: KafkaSettings,
        deliveryTimeout: @escaping @Sendable (_ topic: String) -> DeliveryTimeout = { _ in .usual }, logger: Logger
    ) throws(KafkaError) {
        let configuration = ClientConfiguration.producer(settings)
        let clientID = configuration.clientID
        let metrics = ProducerMetrics(client: settings.clientID)
        queueLength = metrics.queueLength
        failures = metrics.failures
        self.logger = logger
        self.deliveryTimeout = deliveryTimeout
        missingRights = settings.missingRights
        let onStatistics = settings.onStatistics
        let onFatal = settings.onFatal
        client = try ClientHandle(
            RD_KAFKA_PRODUCER, configuration,
            callbacks: ClientCallbacks(
                log: ThrottledLog(logger, settings.logLimiter),
                onError: { [onTrouble = settings.onTrouble, missingRights = settings.missingRights] error in
                    // Brokers before 2.8 require this right; later ones accept any right to write.
                    if error.unauthorized == .cluster { missingRights.note(MissingRight("IdempotentWrite", .cluster)) }
                    if error.isFatal { onFatal?(error) }
                    if error.isAllBrokersDown { onTrouble?() }
                },
                onStatistics: { onStatistics?(clientID, $0) }),
            isPolled: true)
        do throws(KafkaError) {
            try OSThread.start(settings.clientID) { self.run() }
        } catch {
            client.destroy()
            throw error
        }
    }

    /// Queues one record. The bytes are copied before this returns.
    ///
    /// A record for an unknown topic or partition is retried for half a minute after the topic's first use here, or after a broker has
    /// reported that the topic no longer exists, because a broker that has just started may not know it yet.
    ///
    /// - Parameter report: called exactly once. An immediate failure (queue full, record too large, closed) is reported before this
    ///   returns, on the caller's thread; any other result on the producer's thread, which must not be blocked.
    package func send(_ record: OutgoingRecord, report: @escaping @Sendable (Result<RecordPosition, KafkaError>) -> Void) {
        outstanding.add(1, ordering: .relaxed)
        if somethingWaits.load(ordering: .acquiring), postpone(record, report, behindOthers: true) { return }
        hand(record, report)
    }

    private func hand(_ record: OutgoingRecord, _ report: @escaping Report) {
        let delivery = DeliveryReport(topic: record.topic) { result in
            if case .failure(let error) = result, self.mayAppear(record.topic, error), self.postpone(record, report) { return }
            self.outstanding.subtract(1, ordering: .relaxed)
            switch result {
            case .success: self.missingRights.granted("Write", on: [record.topic])
            case .failure(let error):
                self.failures.increment()
                guard error.unauthorized == .topic else { break }
                let right = MissingRight("Write", .topic(record.topic))
                self.missingRights.note(right)
                return report(.failure(.lacks(right, error.operation)))
            }
            report(result)
        }
        let failure: KafkaError? = client.use { rk in enqueue(record, delivery, rk) } ?? KafkaError.closed("produce")
        if let failure { delivery.fail(failure) }
    }

    /// Whether an unknown topic or partition may appear soon: the topic is new, or was known a moment ago.
    private func mayAppear(_ topic: String, _ error: KafkaError) -> Bool {
        guard error.isUnknownHere || error.hasVanished else { return false }
        return topics.withLock { topics in
            guard let handle = topics[topic] else { return false }
            guard handle.isDoubtfulUntil.hasPassed else { return true }
            if error.hasVanished { topics[topic]?.isDoubtfulUntil = Deadline(after: TopicHandle.deliveryTimeout) }
            return error.hasVanished
        }
    }

    /// Queues a record for a later attempt.
    /// - Parameter behindOthers: only if other records of its topic are queued.
    /// - Returns: `false` if it is not queued: no other is, or this producer is closing.
    private func postpone(_ record: OutgoingRecord, _ report: @escaping Report, behindOthers: Bool = false) -> Bool {
        state.withLock { state in
            guard case .running = state.phase else { return false }
            return waiting.withLock { waiting in
                guard !behindOthers || waiting[record.topic] != nil else { return false }
                waiting[record.topic, default: []].append(Waiting(record: record, report: report))
                somethingWaits.store(true, ordering: .releasing)
                return true
            }
        }
    }

    /// Sends one record and waits for its acknowledgement, at most `message.timeout.ms`. Not cancellable, because a sent record cannot be
    /// recalled.
    package func send(_ record: OutgoingRecord) async throws(KafkaError) -> RecordPosition {
        let result: Result<RecordPosition, KafkaError> = await withCheckedContinuation { continuation in
            send(record) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }

    /// The number of records without a delivery report.
    package var outstandingRecords: Int { outstanding.load(ordering: .relaxed) }

    /// Refuses new records, sends the queued ones for at most `timeout`, fails the rest, and ends the thread. Every report is called.
    package func close(flush timeout: Duration) async {
        await withCheckedContinuation { continuation in
            let isClosed = state.withLock { state in
                switch state.phase {
                case .closed: return true
                case .running: state.phase = .closing(flush: timeout)
                case .closing: break
                }
                state.waiters.append(continuation)
                return false
            }
            if isClosed { return continuation.resume() }
            client.use { rk in
                guard let queue = rd_kafka_queue_get_main(rk) else { return }
                rd_kafka_queue_yield(queue)
                rd_kafka_queue_destroy(queue)
            }
            client.close()
        }
    }

    func withHandle<Value>(_ body: (OpaquePointer) -> Value) -> Value? {
        client.use(body)
    }

    // MARK: the producer's thread

    private func run() {
        var lastRecorded = Deadline(after: .seconds(5))
        while true {
            client.onOwnThread { rk in _ = rd_kafka_poll(rk, 100) }
            sendWaiting()
            if lastRecorded.hasPassed {
                queueLength.record(outstandingRecords)
                lastRecorded = Deadline(after: .seconds(5))
            }
            if case .closing(let timeout) = state.withLock({ $0.phase }) {
                return finish(flush: timeout)
            }
        }
    }

    /// Retries the records that wait for their topics, each topic in order.
    private func sendWaiting() {
        guard somethingWaits.load(ordering: .acquiring) else { return }
        for topic in waiting.withLock({ Array($0.keys) }) {
            look(for: topic)
            let records = waiting.withLock { waiting in
                defer { waiting[topic] = [] }
                return waiting[topic] ?? []
            }
            for each in records { hand(each.record, each.report) }
            waiting.withLock { waiting in
                if waiting[topic]?.isEmpty == true { waiting[topic] = nil }
                somethingWaits.store(!waiting.isEmpty, ordering: .releasing)
            }
        }
    }

    /// Requests a topic's metadata: librdkafka would do so on a timer only.
    private func look(for topic: String) {
        client.onOwnThread { rk in
            guard let handle = self.topic(topic, rk) else { return }
            var found: UnsafePointer<rd_kafka_metadata>?
            guard rd_kafka_metadata(rk, 0, handle, &found, 100) == RD_KAFKA_RESP_ERR_NO_ERROR, let found else { return }
            rd_kafka_metadata_destroy(found)
        }
    }

    private func finish(flush timeout: Duration) {
        sendWaiting()
        client.close()
        client.onOwnThread { rk in
            if rd_kafka_flush(rk, timeout.clampedMilliseconds) != RD_KAFKA_RESP_ERR_NO_ERROR {
                rd_kafka_purge(rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT)
            }
            // A record refused while closing is counted for a moment; purged records are reported at once.
            let deadline = Deadline(after: .seconds(5))
            while outstandingRecords > 0, !deadline.hasPassed { _ = rd_kafka_poll(rk, 10) }
        }
        if outstandingRecords > 0 {
            logger.error("the producer was closed with \(outstandingRecords) records that have no delivery report")
        }
        // Topic handles only after the last sender has left: it may hold one, or make another that would keep the client from ending.
        client.destroy { _ in
            let open = topics.withLock { topics in
                defer { topics = [:] }
                return Array(topics.values)
            }
            for topic in open { rd_kafka_topic_destroy(topic.pointer) }
        }
        let waiters = state.withLock { state in
            state.phase = .closed
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    // MARK: handing a record to librdkafka

    private func enqueue(_ record: OutgoingRecord, _ delivery: DeliveryReport, _ rk: OpaquePointer) -> KafkaError? {
        guard let topic = topic(record.topic, rk) else { return KafkaError("topic", RD_KAFKA_RESP_ERR__INVALID_ARG) }
        let headers = Producer.headers(record.headers)
        // Unsafe, balanced: librdkafka returns it in the delivery callback; after an error return it never calls back, so we release here.
        let retained = Unmanaged.passRetained(delivery)
        let code = Producer.withBytes(of: record.key) { key in
            Producer.withBytes(of: record.value) { value in
                ocn_rd_kafka_produce(
                    rk, topic, record.partition ?? Int32(RD_KAFKA_PARTITION_UA), key.baseAddress, key.count, value.baseAddress,
                    value.count, headers, retained.toOpaque())
            }
        }
        guard code != RD_KAFKA_RESP_ERR_NO_ERROR else { return nil }
        retained.release()
        if let headers { rd_kafka_headers_destroy(headers) }
        return KafkaError.general("produce", code, of: rk)
    }

    /// librdkafka's handle of a topic, kept until the producer closes. With a name per record, librdkafka would learn a new topic's leader
    /// only on a timer, up to a second later; making a handle queries it at once.
    private func topic(_ name: String, _ rk: OpaquePointer) -> OpaquePointer? {
        let handle: TopicHandle? = topics.withLock { topics in
            if let known = topics[name] { return known }
            let new = rd_kafka_topic_new(rk, name, Producer.configuration(deliveryTimeout(name), rk)).map { TopicHandle(pointer: $0) }
            topics[name] = new
            return new
        }
        return handle?.pointer
    }

    /// The topic configuration: the default properties with the topic's own time limit; nil for the usual one. The topic handle takes
    /// ownership.
    private static func configuration(_ deliveryTimeout: DeliveryTimeout, _ rk: OpaquePointer) -> OpaquePointer? {
        let milliseconds: Int32
        switch deliveryTimeout {
        case .usual: return nil
        case .endless: milliseconds = 0
        case .limited(let time): milliseconds = max(1000, time.clampedMilliseconds)
        }
        guard let conf = rd_kafka_default_topic_conf_dup(rk) else { return nil }
        var reason = [CChar](repeating: 0, count: 256)
        rd_kafka_topic_conf_set(conf, "message.timeout.ms", String(milliseconds), &reason, reason.count)
        return conf
    }

    private static func headers(_ headers: RecordHeaders) -> OpaquePointer? {
        guard !headers.fields.isEmpty, let list = rd_kafka_headers_new(headers.fields.count) else { return nil }
        for field in headers.fields {
            var name = field.name
            var value = field.value
            name.withUTF8 { name in
                value.withUTF8 { value in
                    name.withMemoryRebound(to: CChar.self) { name in
                        _ = rd_kafka_header_add(list, name.baseAddress, name.count, value.baseAddress, value.count)
                    }
                }
            }
        }
        return list
    }

    private static func withBytes<Value>(of text: String?, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard var text else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return text.withUTF8 { withAddress(UnsafeRawBufferPointer($0), body) }
    }

    private static func withBytes<Value>(of buffer: ByteBuffer?, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        guard let buffer else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return buffer.withUnsafeReadableBytes { withAddress($0, body) }
    }

    /// Calls `body` with a non-null address also for empty bytes: librdkafka takes a null address for "no value".
    private static func withAddress<Value>(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Value) -> Value {
        if bytes.baseAddress != nil { return body(bytes) }
        return withUnsafeBytes(of: UInt8(0)) { body(UnsafeRawBufferPointer(start: $0.baseAddress, count: 0)) }
    }
}
