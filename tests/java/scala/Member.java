import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Properties;
import kafka.consumer.Blacklist;
import kafka.consumer.Consumer;
import kafka.consumer.ConsumerConfig;
import kafka.consumer.ConsumerIterator;
import kafka.consumer.KafkaStream;
import kafka.consumer.Whitelist;
import kafka.javaapi.consumer.ConsumerConnector;
import kafka.message.MessageAndMetadata;

/**
 * {@code ZOOKEEPER GROUP TOPIC STREAMS [NAME=VALUE...]}: a member of a group, by the high-level consumer of Scala. It prints a line
 * for each message, {@code PARTITION OFFSET}, before it asks for the next one. SIGTERM shuts it down. A topic that begins with a
 * {@code ~} is a white list, one that begins with a {@code !} a black list.
 */
public final class Member {
    public static void main(String[] args) throws Exception {
        Properties settings = new Properties();
        settings.put("zookeeper.connect", args[0]);
        settings.put("group.id", args[1]);
        for (int i = 4; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            settings.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        ConsumerConnector connector = Consumer.createJavaConsumerConnector(new ConsumerConfig(settings));
        Runtime.getRuntime().addShutdownHook(new Thread(connector::shutdown));
        List<Thread> threads = new ArrayList<>();
        for (KafkaStream<byte[], byte[]> stream : streams(connector, args[2], Integer.parseInt(args[3]))) {
            threads.add(new Thread(() -> print(stream)));
        }
        threads.forEach(Thread::start);
        for (Thread thread : threads) {
            thread.join();
        }
    }

    private static List<KafkaStream<byte[], byte[]>> streams(ConsumerConnector connector, String topic, int streams) {
        if (topic.startsWith("~")) {
            return connector.createMessageStreamsByFilter(new Whitelist(topic.substring(1)), streams);
        }
        if (topic.startsWith("!")) {
            return connector.createMessageStreamsByFilter(new Blacklist(topic.substring(1)), streams);
        }
        return connector.createMessageStreams(Collections.singletonMap(topic, streams)).get(topic);
    }

    private static void print(KafkaStream<byte[], byte[]> stream) {
        PrintStream out = System.out;
        ConsumerIterator<byte[], byte[]> messages = stream.iterator();
        while (messages.hasNext()) {
            MessageAndMetadata<byte[], byte[]> message = messages.next();
            byte[] line = (message.partition() + " " + message.offset() + "\n").getBytes(StandardCharsets.UTF_8);
            out.write(line, 0, line.length);
            out.flush();
        }
    }
}
