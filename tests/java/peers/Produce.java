import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Future;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * {@code BOOTSTRAP TOPIC [NAME=VALUE...]}: sends what stdin says, a line a record: {@code PARTITION KEY VALUE HEADERS}, as
 * {@link Consume} prints them; partition -1 lets the partitioner choose. Then a line for each acknowledgement: {@code PARTITION OFFSET}.
 */
public final class Produce {
    public static void main(String[] args) throws Exception {
        Properties settings = Settings.of(args[0], args, 2);
        settings.putIfAbsent("acks", "all");
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
             BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                sent.add(producer.send(record(args[1], line.split(" ", -1))));
            }
        }
        StringBuilder places = new StringBuilder();
        for (Future<RecordMetadata> future : sent) {
            RecordMetadata place = future.get();
            places.append(place.partition()).append(' ').append(place.offset()).append('\n');
        }
        System.out.print(places);
        System.out.flush();
    }

    private static ProducerRecord<byte[], byte[]> record(String topic, String[] fields) {
        int partition = Integer.parseInt(fields[0]);
        ProducerRecord<byte[], byte[]> record =
            new ProducerRecord<>(topic, partition < 0 ? null : partition, bytes(fields[1]), bytes(fields[2]));
        if (!fields[3].isEmpty()) {
            for (String header : fields[3].split(",")) {
                String[] parts = header.split(":", -1);
                record.headers().add(new String(bytes(parts[0]), StandardCharsets.UTF_8), bytes(parts[1]));
            }
        }
        return record;
    }

    private static byte[] bytes(String field) {
        return field.equals("-") ? null : Base64.getDecoder().decode(field);
    }
}
