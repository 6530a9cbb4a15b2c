import java.util.Collections;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.admin.AdminClient;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.PartitionInfo;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** {@code BOOTSTRAP TOPIC PARTITIONS}: makes a topic with one replica and waits until every partition has a leader. */
public final class CreateTopic {
    public static void main(String[] args) throws Exception {
        Properties settings = Settings.of(args[0], args, 3);
        int partitions = Integer.parseInt(args[2]);
        try (AdminClient admin = AdminClient.create(settings)) {
            admin.createTopics(Collections.singleton(new NewTopic(args[1], partitions, (short) 1))).all().get();
        }
        try (KafkaConsumer<byte[], byte[]> consumer =
                 new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer())) {
            while (!isLed(consumer.partitionsFor(args[1]), partitions)) {
                Thread.sleep(50);
            }
        }
    }

    private static boolean isLed(List<PartitionInfo> found, int partitions) {
        return found != null && found.size() == partitions
            && found.stream().allMatch(partition -> partition.leader() != null && !partition.leader().isEmpty());
    }
}
