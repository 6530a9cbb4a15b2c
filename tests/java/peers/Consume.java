import java.io.BufferedOutputStream;
import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * {@code BOOTSTRAP TOPIC RECORDS MILLISECONDS [NAME=VALUE...]}: reads all partitions from their start, until there are that
 * many records or the time is over. A line a record: {@code PARTITION OFFSET TIMESTAMP KEY VALUE HEADERS}. Keys and values are in
 * base64, or {@code -}; headers are {@code NAME:VALUE}, in base64 too, with commas between them.
 */
public final class Consume {
    public static void main(String[] args) throws Exception {
        String topic = args[1];
        long wanted = Long.parseLong(args[2]);
        long end = System.nanoTime() + Long.parseLong(args[3]) * 1_000_000L;
        Properties settings = Settings.of(args[0], args, 4);
        settings.putIfAbsent("auto.offset.reset", "earliest");
        settings.putIfAbsent("enable.auto.commit", "false");
        PrintStream out = new PrintStream(new BufferedOutputStream(System.out, 1 << 16), false, "UTF-8");
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            List<TopicPartition> partitions = new ArrayList<>();
            for (PartitionInfo partition : consumer.partitionsFor(topic)) {
                partitions.add(new TopicPartition(topic, partition.partition()));
            }
            consumer.assign(partitions);
            long read = 0;
            while (read < wanted && System.nanoTime() < end) {
                for (ConsumerRecord<byte[], byte[]> record : poll(consumer)) {
                    print(out, record);
                    read++;
                }
            }
        }
        out.flush();
    }

    private static void print(PrintStream out, ConsumerRecord<byte[], byte[]> record) {
        StringBuilder headers = new StringBuilder();
        for (Header header : record.headers()) {
            headers.append(headers.length() == 0 ? "" : ",");
            headers.append(base64(header.key().getBytes(StandardCharsets.UTF_8))).append(':').append(base64(header.value()));
        }
        out.println(record.partition() + " " + record.offset() + " " + record.timestamp() + " " + base64(record.key()) + " "
            + base64(record.value()) + " " + headers);
    }

    private static String base64(byte[] bytes) {
        return bytes == null ? "-" : Base64.getEncoder().encodeToString(bytes);
    }

    /** Kafka 2.0 gave poll a Duration, Kafka 4.0 took the one with milliseconds away. */
    @SuppressWarnings("unchecked")
    private static ConsumerRecords<byte[], byte[]> poll(KafkaConsumer<byte[], byte[]> consumer) throws Exception {
        Method poll;
        Object patience;
        try {
            poll = KafkaConsumer.class.getMethod("poll", java.time.Duration.class);
            patience = java.time.Duration.ofMillis(200);
        } catch (NoSuchMethodException e) {
            poll = KafkaConsumer.class.getMethod("poll", long.class);
            patience = 200L;
        }
        return (ConsumerRecords<byte[], byte[]>) poll.invoke(consumer, patience);
    }
}
