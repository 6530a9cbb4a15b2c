import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.util.Base64;
import java.util.Properties;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;

/**
 * {@code BOOTSTRAP TOPIC [NAME=VALUE...]}: does what stdin says, a line a transaction: {@code commit} or {@code abort}, and the
 * values to write to partition 0 before that, in base64.
 */
public final class Transact {
    public static void main(String[] args) throws Exception {
        Properties settings = Settings.of(args[0], args, 2);
        settings.putIfAbsent("acks", "all");
        try (KafkaProducer<byte[], byte[]> producer =
                 new KafkaProducer<>(settings, new ByteArraySerializer(), new ByteArraySerializer());
             BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"))) {
            producer.initTransactions();
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] fields = line.split(" ");
                producer.beginTransaction();
                for (int i = 1; i < fields.length; i++) {
                    producer.send(new ProducerRecord<>(args[1], 0, null, Base64.getDecoder().decode(fields[i])));
                }
                producer.flush();
                if (fields[0].equals("commit")) {
                    producer.commitTransaction();
                } else {
                    producer.abortTransaction();
                }
            }
        }
    }
}
