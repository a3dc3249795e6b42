import Kafka
import Testing

/// librdkafka's check of a property before there is a client.
@Suite struct PropertyFaultTests {
    @Test(
        arguments: [
            ("security.protocol", "SASL_SSL", nil), ("sasl.password", "anything", nil), ("acks", "all", nil),
            ("fetch.wait.max.ms", "10", nil),
            ("security.protocl", "SASL_SSL", .unknownName), ("", "", .unknownName),
            ("security.protocol", "TLS", .invalidValue), ("fetch.wait.max.ms", "soon", .invalidValue),
            ("fetch.wait.max.ms", "-1", .invalidValue),
        ] as [(String, String, KafkaSettings.PropertyFault?)])
    func propertiesAreJudged(name: String, value: String, fault: KafkaSettings.PropertyFault?) {
        #expect(KafkaSettings.fault(ofProperty: name, value: value) == fault)
    }

    @Test func propertiesHaveNames() {
        let names = Set(KafkaSettings.propertyNames)
        // Of all clients, of consumers, of topics; with a value by default and without.
        #expect(names.isSuperset(of: ["bootstrap.servers", "sasl.password", "fetch.wait.max.ms", "acks", "security.protocol"]))
        for name in names { #expect(KafkaSettings.fault(ofProperty: name, value: "") != .unknownName, "\(name)") }
    }
}
