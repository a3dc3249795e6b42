// Reads the outbox topic of an OCN service. Needs org.apache.kafka:kafka-clients 3.0 or later.
//
//   java OutboxReader kafka.example:9092 ocn.outbox.DE-BIL DE-BIL.billing

import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

public final class OutboxReader {
    public static void main(String[] arguments) throws InterruptedException {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", arguments[0]);
        settings.put("group.id", arguments[2]);
        settings.put("auto.offset.reset", "earliest"); // A new group begins with the oldest copy.
        settings.put("isolation.level", "read_committed"); // Java's default is read_uncommitted.
        settings.put("enable.auto.commit", "false"); // Committed below, after the work.

        KafkaConsumer<String, byte[]> consumer =
                new KafkaConsumer<>(settings, new StringDeserializer(), new ByteArrayDeserializer());
        Thread main = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                main.join();
            } catch (InterruptedException ignored) {
                // The process is going down anyway.
            }
        }));
        try (consumer) {
            consumer.subscribe(List.of(arguments[1]));
            while (true) {
                for (ConsumerRecord<String, byte[]> record : consumer.poll(Duration.ofSeconds(1))) {
                    take(record);
                }
                consumer.commitSync();
            }
        } catch (WakeupException stopped) {
            // SIGTERM. Closing leaves the group, so that others take over at once.
        }
    }

    /** One copy. Write its id and what follows from it in one transaction, and skip it if the id is there already. */
    private static void take(ConsumerRecord<String, byte[]> record) {
        String id = text(record, "ce_id");
        String type = text(record, "ce_type"); // org.openchargingnetwork.cdrs.receiver.post
        String from = text(record, "ce_ocpifrom"); // DE-CPO
        byte[] body = record.value(); // null for a request without a body
        System.out.println(id + " " + type + " from " + from + ": "
                + (body == null ? "no body" : new String(body, StandardCharsets.UTF_8)));
    }

    private static String text(ConsumerRecord<String, byte[]> record, String name) {
        Header header = record.headers().lastHeader(name);
        return header == null ? null : new String(header.value(), StandardCharsets.UTF_8);
    }
}
