import CLibrdkafka
import Logging
import Synchronization

/// One librdkafka client and the use count that keeps it alive while any thread is inside a call.
///
/// `@unchecked Sendable`: librdkafka's handle may be used from any thread, but Swift sees a bare pointer. It leaves this class only into
/// the closure given to `use`, and `destroy` waits until no such closure runs.
final class ClientHandle: @unchecked Sendable {
    private let pointer: OpaquePointer
    // Unsafe, balanced: librdkafka holds it as its opaque; released after the handle is destroyed.
    private let callbacks: Unmanaged<ClientCallbacks>
    // The number of running calls; the highest bit means closed. Atomic, because every record sent updates it twice.
    private let users = Atomic<UInt64>(0)
    private let lastLeft = Monitor(())
    private static let shut: UInt64 = 1 << 63
    private let isPolled: Bool

    /// - Parameter isPolled: whether a thread polls this client and thereby serves its log lines and errors. Without one, librdkafka's
    ///   threads log them, and each use serves the queued events.
    init(_ kind: rd_kafka_type_t, _ configuration: ClientConfiguration, callbacks: ClientCallbacks, isPolled: Bool) throws(KafkaError) {
        let conf = try configuration.make()
        let retained = Unmanaged.passRetained(callbacks)
        rd_kafka_conf_set_opaque(conf, retained.toOpaque())
        if isPolled {
            rd_kafka_conf_set_log_cb(conf, polledLogCallback)
            rd_kafka_conf_set_error_cb(conf, errorCallback)
            rd_kafka_conf_set_stats_cb(conf, statisticsCallback)
        } else {
            rd_kafka_conf_set_log_cb(conf, logCallback)
            // Each error is also a log line.
            rd_kafka_conf_set_error_cb(conf) { _, _, _, _ in }
        }
        OpenConnections.count(conf)
        if callbacks.onRebalance != nil { rd_kafka_conf_set_rebalance_cb(conf, rebalanceCallback) }
        if kind == RD_KAFKA_PRODUCER, isPolled { rd_kafka_conf_set_dr_msg_cb(conf, deliveryCallback) }
        var reason = [CChar](repeating: 0, count: 512)
        guard let pointer = rd_kafka_new(kind, conf, &reason, reason.count) else {
            rd_kafka_conf_destroy(conf)  // only a successful rd_kafka_new takes ownership
            retained.release()
            throw KafkaError("create client", RD_KAFKA_RESP_ERR__INVALID_ARG, reason: reason.text, isRetriable: false)
        }
        self.pointer = pointer
        self.callbacks = retained
        self.isPolled = isPolled
        if isPolled { rd_kafka_set_log_queue(pointer, nil) }
        if kind == RD_KAFKA_CONSUMER { rd_kafka_poll_set_consumer(pointer) }
    }

    /// Why the last connection attempt to a broker failed, in librdkafka's words; nil if none has failed.
    var lastTrouble: String? { use { _ in callbacks.takeUnretainedValue().lastTrouble } ?? nil }

    /// Runs `body` with the handle, which must not escape. Returns nil once the client is closed. Any thread.
    func use<Value, Failure: Error>(_ body: (OpaquePointer) throws(Failure) -> Value) throws(Failure) -> Value? {
        let before = users.add(1, ordering: .acquiring).oldValue
        defer {
            if users.subtract(1, ordering: .acquiringAndReleasing).newValue == ClientHandle.shut {
                lastLeft.withLock { _ in }  // a waiter has either not checked yet or waits already
                lastLeft.signal()
            }
        }
        guard before & ClientHandle.shut == 0 else { return nil }
        // Errors are queued for the polling thread, without a bound.
        if !isPolled { rd_kafka_poll(pointer, 0) }
        return try body(pointer)
    }

    /// Runs `body` without counting the use. Only for the client's own thread, which is also the one that destroys the handle.
    func onOwnThread<Value>(_ body: (OpaquePointer) -> Value) -> Value {
        body(pointer)
    }

    /// Refuses further use; running calls continue.
    func close() {
        users.bitwiseOr(ClientHandle.shut, ordering: .acquiringAndReleasing)
    }

    /// Waits for the last user, runs `before`, and frees everything. Call once. Blocks for a bounded time: in librdkafka 2.0.2 a client
    /// whose topic has vanished can wait for its own threads without end. Such a client is left until the process ends.
    func destroy(flags: Int32 = 0, before: (OpaquePointer) -> Void = { _ in }) {
        close()
        let deadline = Deadline(after: ClientHandle.deliveryTimeout)
        let isUnused = lastLeft.wait(until: deadline) { _ in users.load(ordering: .acquiring) == ClientHandle.shut ? true : nil } ?? false
        guard isUnused else { return left("a call is still under way") }
        before(pointer)
        let isEnded = Monitor(false)
        let end: @Sendable () -> Void = { [self] in
            rd_kafka_destroy_flags(pointer, flags)
            callbacks.release()
            isEnded.withLock { $0 = true }
            isEnded.signal()
        }
        do throws(KafkaError) {
            try OSThread.start("kafka-end", end)
        } catch {
            return end()  // no thread available: wait here
        }
        if isEnded.wait(until: deadline, { $0 ? true : nil }) == nil { left("its threads do not end") }
    }

    /// Like ``destroy(flags:before:)``, on a thread of its own, without waiting.
    func destroyBehind() {
        close()
        do throws(KafkaError) {
            try OSThread.start("kafka-end") { self.destroy() }
        } catch {
            destroy()  // no thread available
        }
    }

    private func left(_ reason: String) {
        let log = callbacks.takeUnretainedValue().log
        log.log(
            .notice, "left",
            "a Kafka client did not end within \(ClientHandle.deliveryTimeout) and is left until the process ends: \(reason)")
    }

    /// The time limit for ending a client.
    private static let deliveryTimeout = Duration.seconds(5)
}

extension [CChar] {
    /// The bytes up to the first NUL, as text.
    var text: String {
        String(decoding: prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}

// C callbacks: no throws, no async, no lock that a caller of librdkafka may hold.

private func callbacks(_ opaque: UnsafeMutableRawPointer?) -> ClientCallbacks? {
    opaque.map { Unmanaged<ClientCallbacks>.fromOpaque($0).takeUnretainedValue() }
}

private func logCallback(_ rk: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?) {
    tell(rk, level, facility, text, tellsErrors: false)
}

private func polledLogCallback(_ rk: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?) {
    tell(rk, level, facility, text, tellsErrors: true)
}

private func tell(
    _ rk: OpaquePointer?, _ level: Int32, _ facility: UnsafePointer<CChar>?, _ text: UnsafePointer<CChar>?, tellsErrors: Bool
) {
    guard let rk, let text, let target = callbacks(rd_kafka_opaque(rk)) else { return }
    let facility = facility.map { String(cString: $0) } ?? ""
    target.line(logLevel(level), facility, String(cString: text), tellsErrors: tellsErrors)
}

private func logLevel(_ syslog: Int32) -> Logger.Level {
    switch syslog {
    case ...2: .critical
    case 3: .error
    case 4: .warning
    case 5: .notice
    case 6: .info
    default: .debug
    }
}

private func errorCallback(
    _ rk: OpaquePointer?, _ code: Int32, _ reason: UnsafePointer<CChar>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let rk, let target = callbacks(opaque) else { return }
    let code = rd_kafka_resp_err_t(rawValue: code)
    let client = rd_kafka_name(rk).map { String(cString: $0) } ?? ""
    target.failed(KafkaError.general("client", code, reason: reason.map { String(cString: $0) }, of: rk), client: client)
}

private func statisticsCallback(
    _ rk: OpaquePointer?, _ json: UnsafeMutablePointer<CChar>?, _ length: Int, _ opaque: UnsafeMutableRawPointer?
) -> Int32 {
    if let json, let target = callbacks(opaque) {
        target.onStatistics(String(cString: json))
        target.log.tellSuppressed()  // comes every few seconds
    }
    return 0  // librdkafka frees the text
}

private func rebalanceCallback(
    _ rk: OpaquePointer?, _ code: rd_kafka_resp_err_t, _ partitions: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?,
    _ opaque: UnsafeMutableRawPointer?
) {
    if let rk, let target = callbacks(opaque) { target.onRebalance?(rk, code, PartitionList.partitions(of: partitions)) }
}

private func deliveryCallback(
    _ rk: OpaquePointer?, _ message: UnsafePointer<rd_kafka_message_t>?, _ opaque: UnsafeMutableRawPointer?
) {
    guard let rk, let message, let box = message.pointee._private else { return }
    let report = Unmanaged<DeliveryReport>.fromOpaque(box).takeRetainedValue()
    report.complete(message, of: rk)
}

extension KafkaError {
    /// A client-level error; librdkafka's underlying error replaces a fatal one.
    static func general(_ operation: String, _ code: rd_kafka_resp_err_t, reason: String? = nil, of rk: OpaquePointer) -> KafkaError {
        guard code == RD_KAFKA_RESP_ERR__FATAL else { return KafkaError(operation, code, reason: reason) }
        var text = [CChar](repeating: 0, count: 512)
        let cause = rd_kafka_fatal_error(rk, &text, text.count)
        let known = cause == RD_KAFKA_RESP_ERR_NO_ERROR ? code : cause
        return KafkaError(operation, known, reason: text.text, isRetriable: false, isFatal: true)
    }
}
