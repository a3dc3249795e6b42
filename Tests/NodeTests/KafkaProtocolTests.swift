import Support
import Testing

private typealias Text = ConfigurationText

/// Security settings that librdkafka would ignore.
@Suite struct KafkaProtocolTests {
    @Test(arguments: [
        (
            "[sasl.username=hidden, sasl.password=hidden]",
            "kafka.properties set sasl.password, but security.protocol is left out, which means PLAINTEXT: without SASL it does nothing. "
                + "Set security.protocol=SASL_SSL or SASL_PLAINTEXT, or take it out"
        ),
        (
            "[security.protocol=SSL, sasl.mechanism=PLAIN]",
            "kafka.properties set sasl.mechanism, but security.protocol is SSL: without SASL it does nothing. "
                + "Set security.protocol=SASL_SSL, or take it out"
        ),
        (
            "[ssl.ca.location=/hidden]",
            "kafka.properties set ssl.ca.location, but security.protocol is left out, which means PLAINTEXT: without TLS it does nothing. "
                + "Set security.protocol=SSL or SASL_SSL, or take it out"
        ),
        (
            "[security.protocol=sasl_plaintext, sasl.mechanism=PLAIN, enable.ssl.certificate.verification=true]",
            "kafka.properties set enable.ssl.certificate.verification, but security.protocol is SASL_PLAINTEXT: without TLS it does "
                + "nothing. Set security.protocol=SASL_SSL, or take it out"
        ),
    ])
    func propertiesThatNothingUsesAreRefused(properties: String, problem: String) {
        #expect(Text.problems("kafka.properties: \(properties)") == ["\(problem) (node.yaml, line 3)"])
    }

    @Test func aBrokerWithAnotherProtocolIsRefused() {
        let origin = "(environment variable OCN_KAFKA_BOOTSTRAP)"
        #expect(
            Text.problems(environment: ["OCN_KAFKA_BOOTSTRAP": "kafka-1:9092,ssl://kafka-2:9093"]) == [
                "kafka.bootstrap says SSL://, but security.protocol in kafka.properties is left out, which means PLAINTEXT: such a broker "
                    + "would never be asked. Set security.protocol=SSL, or leave the protocol out here \(origin)"
            ])
        let both = ["OCN_KAFKA_BOOTSTRAP": "PLAINTEXT://kafka:9092", "OCN_KAFKA_PROPERTIES": "security.protocol=SSL"]
        #expect(Text.problems(environment: both).first?.hasPrefix("kafka.bootstrap says PLAINTEXT://, but") == true)
    }

    @Test(arguments: [
        ("kafka:9092", "[client.rack=a]"), ("PLAINTEXT://kafka:9092", "[]"),
        ("ssl://kafka:9092", "[security.protocol=ssl, ssl.ca.location=/a]"),
        ("SASL_SSL://kafka:9092", "[security.protocol=sasl_ssl, sasl.mechanism=PLAIN, ssl.ca.location=/a]"),
        ("kafka:9092", "[security.protocol=SASL_PLAINTEXT, sasl.mechanism=PLAIN]"),
    ])
    func whatGoesTogetherIsGood(bootstrap: String, properties: String) {
        #expect(Text.problems("kafka.properties: \(properties)", environment: ["OCN_KAFKA_BOOTSTRAP": bootstrap]).isEmpty)
    }
}
