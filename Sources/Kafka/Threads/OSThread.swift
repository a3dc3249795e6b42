import CLibrdkafka

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Threads of the operating system, for calls that block. Swift's own pool has one thread per core and must never be blocked.
enum OSThread {
    /// Carries a closure through C's `void *`.
    private final class Start: Sendable {
        let name: String
        let body: @Sendable () -> Void

        init(name: String, body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a detached thread. Linux shows the first 15 bytes of `name`.
    static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(KafkaError) {
        // Unsafe, balanced: retained here, released by the thread, or below if there is none.
        let start = Unmanaged.passRetained(Start(name: String(decoding: name.utf8.prefix(15), as: UTF8.self), body: body))
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        defer { pthread_attr_destroy(&attributes) }
        var thread = pthread_t()
        let code = pthread_create(
            &thread, &attributes,
            { argument in
                guard let argument else { return nil }
                let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
                ocn_set_thread_name(start.name)
                start.body()
                return nil
            }, start.toOpaque())
        guard code == 0 else {
            start.release()
            throw KafkaError("start thread", RD_KAFKA_RESP_ERR__CRIT_SYS_RESOURCE, reason: "pthread_create failed with errno \(code)")
        }
    }
}
