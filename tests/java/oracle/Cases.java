import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.apache.kafka.common.compress.Compression;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;
import org.apache.kafka.common.utils.*;
import org.apache.kafka.common.utils.internals.*;

/** Records fields of every magic with every codec, as brokers and producers of that magic could have made them. */
final class Cases {
    interface Taker {
        void take(String name, byte[] bytes) throws Exception;
    }

    private static final long NOW = 1_700_000_000_000L;
    private static final long NO_PRODUCER = RecordBatch.NO_PRODUCER_ID;

    private final Random random;
    private final List<byte[]> made = new ArrayList<>();
    private Taker taker;

    Cases(long seed) {
        random = new Random(seed);
    }

    void all(Taker taker) throws Exception {
        this.taker = taker;
        for (byte magic = 0; magic <= 2; magic++) {
            for (CompressionType codec : CompressionType.values()) {
                if (codec == CompressionType.ZSTD && magic < 2) {
                    continue;
                }
                for (TimestampType times : magic == 0
                    ? new TimestampType[] {TimestampType.CREATE_TIME}
                    : new TimestampType[] {TimestampType.CREATE_TIME, TimestampType.LOG_APPEND_TIME}) {
                    ofEverySize(magic, codec, times);
                }
            }
        }
        ofProducers();
        markers();
        ofSeveral();
    }

    private void ofEverySize(byte magic, CompressionType codec, TimestampType times) throws Exception {
        String name = "magic-" + magic + "-" + codec.name + "-" + times.name;
        take(name + "-one", fill(builder(magic, codec, times, 0), 0, 1, 0, 20));
        take(name + "-few", fill(builder(magic, codec, times, 0), 0, 7, 0, 40));
        take(name + "-gaps", fill(builder(magic, codec, times, 5_000_000_000L), 5_000_000_000L, 9, 3, 40));
        take(name + "-many", fill(builder(magic, codec, times, 0), 0, 700, 0, 30));
        take(name + "-large", fill(builder(magic, codec, times, 77), 77, 30, 1, 6000));
    }

    private void ofProducers() throws Exception {
        for (CompressionType codec : CompressionType.values()) {
            for (boolean transactional : new boolean[] {false, true}) {
                String name = "producer-" + codec.name + (transactional ? "-transactional" : "-idempotent");
                long id = transactional ? Long.MAX_VALUE : 4711;
                take(name, fill(builder(codec, id, (short) 3, Integer.MAX_VALUE - 2, transactional, RecordBatch.NO_TIMESTAMP), 0, 5, 0, 40));
                take(name + "-horizon", fill(builder(codec, id, (short) 0, 0, transactional, NOW + 86_400_000), 0, 5, 2, 40));
            }
        }
    }

    private void markers() throws Exception {
        for (ControlRecordType end : new ControlRecordType[] {ControlRecordType.COMMIT, ControlRecordType.ABORT}) {
            EndTransactionMarker marker = new EndTransactionMarker(end, random.nextInt(100));
            take("marker-" + end, MemoryRecords.withEndTransactionMarker(1234, NOW, 7, 4711, (short) 3, marker));
        }
    }

    /** Batches of all kinds behind each other, and the last one cut off as at the end of a fetch. */
    private void ofSeveral() throws Exception {
        List<byte[]> some = new ArrayList<>(made);
        for (int round = 0; round < 20; round++) {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            for (int batch = 0; batch < 4; batch++) {
                bytes.write(some.get(random.nextInt(some.size())));
            }
            byte[] last = some.get(random.nextInt(some.size()));
            bytes.write(last, 0, random.nextInt(Math.min(last.length, 60)));
            taker.take("several-" + round, bytes.toByteArray());
        }
    }

    private void take(String name, MemoryRecords records) throws Exception {
        ByteBuffer buffer = records.buffer();
        byte[] bytes = new byte[buffer.remaining()];
        buffer.duplicate().get(bytes);
        made.add(bytes);
        taker.take(name, bytes);
    }

    private static MemoryRecordsBuilder builder(byte magic, CompressionType codec, TimestampType times, long baseOffset) {
        return MemoryRecords.builder(
            ByteBuffer.allocate(1024), magic, Compression.of(codec).build(), times, baseOffset,
            times == TimestampType.LOG_APPEND_TIME ? NOW : RecordBatch.NO_TIMESTAMP,
            NO_PRODUCER, RecordBatch.NO_PRODUCER_EPOCH, RecordBatch.NO_SEQUENCE, false, baseOffset == 0 ? -1 : 12);
    }

    private static MemoryRecordsBuilder builder(
        CompressionType codec, long id, short epoch, int sequence, boolean transactional, long horizon
    ) {
        return new MemoryRecordsBuilder(
            new ByteBufferOutputStream(1024), (byte) 2, Compression.of(codec).build(), TimestampType.CREATE_TIME, 0,
            RecordBatch.NO_TIMESTAMP, id, epoch, sequence, transactional, false, -1, 1 << 20, horizon);
    }

    /** Offsets grow by 1, or by up to {@code gap} more where compaction took something away. */
    private MemoryRecords fill(MemoryRecordsBuilder builder, long baseOffset, int records, int gap, int size) {
        long offset = baseOffset;
        for (int i = 0; i < records; i++) {
            Header[] headers = builder.magic() == 2 ? headers() : new Header[0];
            builder.appendWithOffset(offset, timestamp(), bytes(size), bytes(size), headers);
            offset += 1 + (gap == 0 ? 0 : random.nextInt(gap + 1));
        }
        return builder.build();
    }

    /** Near each other as a rule, in either direction; now and then far away, or none. */
    private long timestamp() {
        switch (random.nextInt(12)) {
            case 0:
                return RecordBatch.NO_TIMESTAMP;
            case 1:
                return random.nextLong() >>> 1;
            default:
                return NOW + random.nextInt(2000) - 1000;
        }
    }

    /** Null, empty, the same byte over and over, or random. */
    private byte[] bytes(int size) {
        int kind = random.nextInt(8);
        if (kind == 0) {
            return null;
        }
        byte[] bytes = new byte[kind == 1 ? 0 : random.nextInt(size + 1)];
        if (kind < 5) {
            Arrays.fill(bytes, (byte) random.nextInt());
        } else {
            random.nextBytes(bytes);
        }
        return bytes;
    }

    private Header[] headers() {
        Header[] headers = new Header[Math.max(0, random.nextInt(6) - 3)];
        for (int i = 0; i < headers.length; i++) {
            headers[i] = new RecordHeader("\u00e4 key " + random.nextInt(3), bytes(10));
        }
        return headers;
    }
}
