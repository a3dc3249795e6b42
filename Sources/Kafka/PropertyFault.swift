import CLibrdkafka

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

extension KafkaSettings {
    /// Why librdkafka refuses a property.
    package enum PropertyFault: Sendable, Equatable {
        /// No property has this name.
        case unknownName
        /// The property cannot have this value, or not in this build of librdkafka.
        case invalidValue
    }

    /// Checks a property without contacting a broker; nil if librdkafka accepts it.
    package static func fault(ofProperty name: String, value: String) -> PropertyFault? {
        guard let configuration = rd_kafka_conf_new() else { return nil }
        defer { rd_kafka_conf_destroy(configuration) }
        var reason = [CChar](repeating: 0, count: 512)  // not reported: it contains the value
        return switch rd_kafka_conf_set(configuration, name, value, &reason, reason.count) {
        case RD_KAFKA_CONF_OK: nil
        case RD_KAFKA_CONF_UNKNOWN: .unknownName
        default: .invalidValue
        }
    }

    /// The names of all properties that librdkafka knows: the first column of the table that it prints.
    package static var propertyNames: [String] {
        var text: UnsafeMutablePointer<CChar>?
        var size = 0
        withUnsafeMutablePointer(to: &text) { text in
            withUnsafeMutablePointer(to: &size) { size in
                guard let stream = open_memstream(text, size) else { return }
                rd_kafka_conf_properties_show(stream)
                fclose(stream)  // text and size are set only now
            }
        }
        guard let text else { return [] }
        defer { free(text) }
        return String(cString: text).split(separator: "\n").compactMap { line in
            guard let bar = line.firstIndex(of: "|"), line.first?.isLowercase == true else { return nil }
            return String(line.prefix(upTo: bar).prefix { $0 != " " })
        }
    }
}
