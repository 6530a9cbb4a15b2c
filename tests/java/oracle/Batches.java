import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

/**
 * Record batches and message sets, made by Apache's builders and read by Apache's readers.
 *
 * <p>{@code make SEED} prints lines {@code NAME HEX JSON}; {@code read} answers each line of hex with the JSON of what is in it, or
 * {@code error: WHY}. The JSON has the headers of the batches of magic 2, and all records of all magics.
 */
public final class Batches {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        PrintStream out = new PrintStream(System.out, false, "UTF-8");
        if (args[0].equals("make")) {
            new Cases(Long.parseLong(args[1])).all((name, bytes) ->
                out.println(name + " " + HEX.formatHex(bytes) + " " + json(bytes)));
        } else {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                out.println(read(HEX.parseHex(line)));
            }
        }
        out.flush();
    }

    private static String read(byte[] bytes) {
        try {
            return json(bytes).toString();
        } catch (Exception e) {
            return "error: " + e;
        }
    }

    private static ObjectNode json(byte[] bytes) {
        ObjectNode all = JsonNodeFactory.instance.objectNode();
        ArrayNode batches = all.putArray("batches");
        ArrayNode records = all.putArray("records");
        for (RecordBatch batch : MemoryRecords.readableRecords(ByteBuffer.wrap(bytes)).batches()) {
            batch.ensureValid();
            if (batch.magic() == 2) {
                describe(batch, batches.addObject());
            }
            describeRecords(batch, records);
        }
        return all;
    }

    private static void describe(RecordBatch batch, ObjectNode json) {
        json.put("base_offset", batch.baseOffset()).put("last_offset", batch.lastOffset());
        json.put("leader_epoch", batch.partitionLeaderEpoch());
        json.put("max_timestamp", batch.maxTimestamp());
        json.put("producer_id", batch.producerId()).put("producer_epoch", batch.producerEpoch());
        json.put("base_sequence", batch.baseSequence());
        json.put("transactional", batch.isTransactional()).put("control", batch.isControlBatch());
        json.put("delete_horizon", batch.deleteHorizonMs().isPresent() ? batch.deleteHorizonMs().getAsLong() : null);
        json.put("count", batch.countOrNull());
    }

    /** Not named by its type, the record has one name in both releases: java.lang has a Record too. */
    private static void describeRecords(RecordBatch batch, ArrayNode all) {
        for (var record : batch) {
            record.ensureValid();
            ObjectNode json = all.addObject();
            json.put("magic", batch.magic()).put("codec", batch.compressionType().name);
            json.put("timestamp_type", batch.timestampType().name);
            json.put("offset", record.offset()).put("timestamp", record.timestamp());
            json.put("key", bytes(record.key())).put("value", bytes(record.value()));
            ArrayNode headers = json.putArray("headers");
            for (Header header : record.headers()) {
                headers.addArray().add(header.key()).add(header.value());
            }
            if (batch.isControlBatch()) {
                json.put("marker", ControlRecordType.parse(record.key()).name());
                json.put("coordinator_epoch", EndTransactionMarker.deserialize(record).coordinatorEpoch());
            }
        }
    }

    private static byte[] bytes(ByteBuffer buffer) {
        if (buffer == null) {
            return null;
        }
        byte[] bytes = new byte[buffer.remaining()];
        buffer.get(bytes);
        return bytes;
    }
}
