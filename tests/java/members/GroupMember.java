import java.io.PrintStream;
import java.lang.reflect.Method;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.Properties;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.ConsumerRecords;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.errors.WakeupException;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/**
 * {@code BOOTSTRAP GROUP TOPIC [NAME=VALUE...]}: a member of a group that the brokers coordinate. It prints a line for each message,
 * {@code PARTITION OFFSET}, before it asks for the next ones. SIGTERM has it leave.
 */
public final class GroupMember {
    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", args[0]);
        settings.put("group.id", args[1]);
        for (int i = 3; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            settings.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        KafkaConsumer<byte[], byte[]> consumer =
            new KafkaConsumer<>(settings, new ByteArrayDeserializer(), new ByteArrayDeserializer());
        Thread reads = Thread.currentThread();
        Runtime.getRuntime().addShutdownHook(new Thread(() -> {
            consumer.wakeup();
            try {
                reads.join();
            } catch (InterruptedException e) {
                // It ends all the same.
            }
        }));
        try {
            consumer.subscribe(Collections.singletonList(args[2]));
            while (true) {
                print(poll(consumer));
            }
        } catch (WakeupException e) {
            // It is to leave.
        } finally {
            consumer.close();
        }
    }

    private static void print(ConsumerRecords<byte[], byte[]> records) {
        StringBuilder lines = new StringBuilder();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            lines.append(record.partition()).append(' ').append(record.offset()).append('\n');
        }
        byte[] bytes = lines.toString().getBytes(StandardCharsets.UTF_8);
        PrintStream out = System.out;
        out.write(bytes, 0, bytes.length);
        out.flush();
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
        try {
            return (ConsumerRecords<byte[], byte[]>) poll.invoke(consumer, patience);
        } catch (java.lang.reflect.InvocationTargetException e) {
            if (e.getCause() instanceof RuntimeException) {
                throw (RuntimeException) e.getCause();
            }
            throw e;
        }
    }
}
