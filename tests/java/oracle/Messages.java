import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.BufferedWriter;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.ByteBuffer;
import java.util.HexFormat;
import java.util.Random;
import org.apache.kafka.common.message.ApiMessageType;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Random messages, made and read by Apache's generated classes. A message is named by a line {@code KEY VERSION request|response},
 * or {@code NAME VERSION data} for what travels inside other messages.
 *
 * <p>{@code make COUNT SEED} answers each such line with COUNT lines of the same, the bytes in hex and the content in JSON, or
 * with none when this release does not have the version. {@code read} answers each such line with hex behind it with the JSON of
 * what it read, or {@code error: WHY}.
 */
public final class Messages {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
             Writer out = new BufferedWriter(new OutputStreamWriter(System.out, "UTF-8"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] fields = line.split(" ");
                short version = Short.parseShort(fields[1]);
                if (args[0].equals("read")) {
                    out.write(read(fields, version) + "\n");
                } else {
                    Random random = new Random(Long.parseLong(args[2]) + line.hashCode());
                    make(out, line, fields, version, Integer.parseInt(args[1]), random);
                }
            }
        }
    }

    private static void make(Writer out, String line, String[] fields, short version, int count, Random random)
        throws Exception {
        Message first = message(fields);
        if (first == null || version < first.lowestSupportedVersion() || first.highestSupportedVersion() < version) {
            return;
        }
        JsonNode schema = schema(first.getClass().getSimpleName().replaceFirst("Data$", ""));
        for (int i = 0; i < count; i++) {
            Message message = message(fields);
            // The first has every field at its default, as far as the defaults can be sent.
            new Filler(schema, version, random, i > 0).fill(message);
            out.write(line + " " + HEX.formatHex(write(message, version)) + " " + json(message, version) + "\n");
        }
    }

    private static String read(String[] fields, short version) {
        try {
            ByteBuffer buffer = ByteBuffer.wrap(HEX.parseHex(fields.length > 3 ? fields[3] : ""));
            Message message = message(fields);
            message.read(new ByteBufferAccessor(buffer), version);
            if (buffer.hasRemaining()) {
                return "error: " + buffer.remaining() + " bytes are left";
            }
            return json(message, version).toString();
        } catch (Exception e) {
            return "error: " + e;
        }
    }

    /** An empty one; null for a key that this release does not have. */
    private static Message message(String[] fields) throws Exception {
        if (fields[2].equals("data")) {
            Class<?> type = Class.forName("org.apache.kafka.common.message." + fields[0]);
            return (Message) type.getConstructor().newInstance();
        }
        for (ApiMessageType api : ApiMessageType.values()) {
            if (api.apiKey() == Short.parseShort(fields[0])) {
                return fields[2].equals("request") ? api.newRequest() : api.newResponse();
            }
        }
        return null;
    }

    private static byte[] write(Message message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    private static JsonNode json(Message message, short version) throws Exception {
        Class<?> converter = Class.forName(message.getClass().getName() + "JsonConverter");
        return (JsonNode) converter.getMethod("write", message.getClass(), short.class).invoke(null, message, version);
    }

    private static JsonNode schema(String name) throws Exception {
        ObjectMapper mapper = new ObjectMapper().configure(JsonParser.Feature.ALLOW_COMMENTS, true);
        try (InputStream in = Messages.class.getResourceAsStream("/common/message/" + name + ".json")) {
            return mapper.readTree(in);
        }
    }
}
