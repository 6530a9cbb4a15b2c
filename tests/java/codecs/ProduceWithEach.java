import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * {@code BOOTSTRAP TOPIC CODEC...}: writes what stdin says, a line a record: {@code KEY VALUE} in base64, or {@code -}. It is
 * written once with each codec to a topic of its own, {@code TOPIC-CODEC}. Runs with the clients of every release from 0.8.2.
 */
public final class ProduceWithEach {
    public static void main(String[] args) throws Exception {
        List<byte[][]> records = new ArrayList<>();
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] fields = line.split(" ", -1);
                records.add(new byte[][] {bytes(fields[0]), bytes(fields[1])});
            }
        }
        for (String codec : Arrays.asList(args).subList(2, args.length)) {
            produce(args[0], args[1] + "-" + codec, codec, records);
        }
    }

    private static void produce(String bootstrap, String topic, String codec, List<byte[][]> records) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        settings.put("acks", "all");
        settings.put("linger.ms", "20");
        settings.put("compression.type", codec);
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        KafkaProducer<byte[], byte[]> producer =
            new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
        // Sent before that, a record may wait for ever in the producer of 4.0.0.
        while (!isLed(producer.partitionsFor(topic))) {
            Thread.sleep(50);
        }
        for (byte[][] record : records) {
            sent.add(producer.send(new ProducerRecord<>(topic, record[0], record[1])));
        }
        for (Future<RecordMetadata> future : sent) {
            future.get();
        }
        producer.close();
    }

    private static boolean isLed(List<PartitionInfo> partitions) {
        for (PartitionInfo partition : partitions) {
            if (partition.leader() == null || partition.leader().id() < 0) {
                return false;
            }
        }
        return !partitions.isEmpty();
    }

    private static byte[] bytes(String field) {
        return field.equals("-") ? null : Base64.getDecoder().decode(field);
    }
}
