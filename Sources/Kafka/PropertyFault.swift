import CLibrdkafka

extension KafkaSettings {
    /// Why librdkafka does not take a property.
    package enum PropertyFault: Sendable, Equatable {
        /// There is no property of this name.
        case unknownName
        /// The property cannot have this value, or not in this build of librdkafka.
        case invalidValue
    }

    /// What librdkafka says against a property, without asking any broker; nil if it takes it.
    package static func fault(ofProperty name: String, value: String) -> PropertyFault? {
        guard let configuration = rd_kafka_conf_new() else { return nil }
        defer { rd_kafka_conf_destroy(configuration) }
        var reason = [CChar](repeating: 0, count: 512)  // not told on: it repeats the value
        return switch rd_kafka_conf_set(configuration, name, value, &reason, reason.count) {
        case RD_KAFKA_CONF_OK: nil
        case RD_KAFKA_CONF_UNKNOWN: .unknownName
        default: .invalidValue
        }
    }

    /// Names of librdkafka's properties that are not about single topics.
    package static var propertyNames: [String] {
        guard let configuration = rd_kafka_conf_new() else { return [] }
        defer { rd_kafka_conf_destroy(configuration) }
        var count = 0
        guard let dump = rd_kafka_conf_dump(configuration, &count) else { return [] }
        defer { rd_kafka_conf_dump_free(dump, count) }
        return stride(from: 0, to: count, by: 2).compactMap { dump[$0].map { String(cString: $0) } }
    }
}
