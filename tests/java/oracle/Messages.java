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
import org.apache.kafka.common.protocol.ApiMessage;
import org.apache.kafka.common.protocol.ByteBufferAccessor;
import org.apache.kafka.common.protocol.ObjectSerializationCache;

/**
 * Random messages, made and read by Apache's generated classes.
 *
 * <p>{@code make COUNT SEED} answers each line {@code KEY VERSION request|response} with COUNT lines
 * {@code KEY VERSION request|response HEX JSON}, or with none when this release does not have the version.
 * {@code read} answers each line {@code KEY VERSION request|response HEX} with the JSON of what it read, or {@code error: WHY}.
 */
public final class Messages {
    private static final HexFormat HEX = HexFormat.of();

    public static void main(String[] args) throws Exception {
        try (BufferedReader in = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
             Writer out = new BufferedWriter(new OutputStreamWriter(System.out, "UTF-8"))) {
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                String[] fields = line.split(" ");
                ApiMessageType api = api(fields);
                short version = Short.parseShort(fields[1]);
                boolean request = fields[2].equals("request");
                if (args[0].equals("read")) {
                    out.write(read(api, version, request, HEX.parseHex(fields.length > 3 ? fields[3] : "")) + "\n");
                } else if (api != null && api.lowestSupportedVersion() <= version && version <= api.highestSupportedVersion(true)) {
                    long seed = Long.parseLong(args[2]) + line.hashCode();
                    make(out, line, api, version, request, Integer.parseInt(args[1]), new Random(seed));
                }
            }
        }
    }

    private static ApiMessageType api(String[] fields) {
        try {
            return ApiMessageType.fromApiKey(Short.parseShort(fields[0]));
        } catch (RuntimeException e) {
            return null;
        }
    }

    private static void make(
        Writer out, String line, ApiMessageType api, short version, boolean request, int count, Random random
    ) throws Exception {
        JsonNode schema = schema(api.name + (request ? "Request" : "Response"));
        for (int i = 0; i < count; i++) {
            ApiMessage message = message(api, request);
            // The first has every field at its default, as far as the defaults can be sent.
            new Filler(schema, version, random, i > 0).fill(message);
            byte[] bytes = write(message, version);
            out.write(line + " " + HEX.formatHex(bytes) + " " + json(message, version) + "\n");
        }
    }

    private static String read(ApiMessageType api, short version, boolean request, byte[] bytes) {
        try {
            ApiMessage message = message(api, request);
            ByteBuffer buffer = ByteBuffer.wrap(bytes);
            message.read(new ByteBufferAccessor(buffer), version);
            if (buffer.hasRemaining()) {
                return "error: " + buffer.remaining() + " bytes are left";
            }
            return json(message, version).toString();
        } catch (Exception e) {
            return "error: " + e;
        }
    }

    private static ApiMessage message(ApiMessageType api, boolean request) {
        return request ? api.newRequest() : api.newResponse();
    }

    private static byte[] write(ApiMessage message, short version) {
        ObjectSerializationCache cache = new ObjectSerializationCache();
        ByteBuffer buffer = ByteBuffer.allocate(message.size(cache, version));
        message.write(new ByteBufferAccessor(buffer), cache, version);
        return buffer.array();
    }

    private static JsonNode json(ApiMessage message, short version) throws Exception {
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
