import com.fasterxml.jackson.databind.JsonNode;
import java.lang.reflect.Method;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Random;
import org.apache.kafka.common.Uuid;
import org.apache.kafka.common.protocol.Message;
import org.apache.kafka.common.protocol.types.RawTaggedField;
import org.apache.kafka.common.record.*;
import org.apache.kafka.common.record.internal.*;

/** Fills a message with what a version of its schema allows: edges, nulls where they may be, unknown tagged fields. */
final class Filler {
    private static final int MOST_ELEMENTS = 3;
    private static final int FIRST_UNKNOWN_TAG = 1000;

    private final JsonNode schema;
    private final short version;
    private final Random random;
    private final boolean changesDefaults;
    private final boolean flexible;

    Filler(JsonNode schema, short version, Random random, boolean changesDefaults) {
        this.schema = schema;
        this.version = version;
        this.random = random;
        this.changesDefaults = changesDefaults;
        this.flexible = holds(schema.get("flexibleVersions").asText());
    }

    void fill(Message message) throws Exception {
        if (changesDefaults) {
            fill(message, schema.get("fields"));
        }
    }

    private void fill(Message message, JsonNode fields) throws Exception {
        for (JsonNode field : fields) {
            boolean tagged = field.has("taggedVersions") && holds(field.get("taggedVersions").asText());
            if (holds(field.get("versions").asText()) && !(tagged && random.nextBoolean())) {
                set(message, field);
            }
        }
        if (flexible && random.nextInt(4) == 0) {
            message.unknownTaggedFields().add(new RawTaggedField(FIRST_UNKNOWN_TAG + random.nextInt(5), bytes()));
        }
    }

    private void set(Message message, JsonNode field) throws Exception {
        String setter = "set" + field.get("name").asText();
        for (Method method : message.getClass().getMethods()) {
            if (method.getName().equalsIgnoreCase(setter)) {
                boolean nullable = field.has("nullableVersions") && holds(field.get("nullableVersions").asText());
                Object value = nullable && random.nextInt(4) == 0 ? null : value(method.getGenericParameterTypes()[0], field);
                method.invoke(message, value);
                return;
            }
        }
        throw new NoSuchMethodException(message.getClass() + "." + setter);
    }

    private Object value(Type type, JsonNode field) throws Exception {
        String declared = field.get("type").asText();
        if (!declared.startsWith("[]")) {
            return value((Class<?>) type, declared, field);
        }
        String element = declared.substring(2);
        Collection<Object> list = list(type);
        for (int left = random.nextInt(MOST_ELEMENTS + 1); left > 0; left--) {
            list.add(value(elementOf(type), element, field));
        }
        return list;
    }

    private Object value(Class<?> type, String declared, JsonNode field) throws Exception {
        switch (declared) {
            case "bool":
                return random.nextBoolean();
            case "int8":
                return (byte) number();
            case "int16":
                return (short) number();
            case "uint16":
                return (int) number() & 0xffff;
            case "int32":
                return (int) number();
            case "uint32":
                return number() & 0xffffffffL;
            case "int64":
                return number();
            case "float64":
                // Exact in any decimal form.
                return (int) number() / 8.0 + 0.125;
            case "uuid":
                return new Uuid(number(), number());
            case "string":
                return string();
            case "bytes":
                return type == ByteBuffer.class ? (Object) ByteBuffer.wrap(bytes()) : bytes();
            case "records":
                return MemoryRecords.readableRecords(ByteBuffer.wrap(bytes()));
            default:
                Message inner = (Message) type.getConstructor().newInstance();
                fill(inner, fieldsOf(declared, field));
                return inner;
        }
    }

    /** Where a struct is used twice, it is declared apart from its uses. */
    private JsonNode fieldsOf(String struct, JsonNode field) {
        if (schema.has("commonStructs")) {
            for (JsonNode common : schema.get("commonStructs")) {
                if (common.get("name").asText().equals(struct)) {
                    return common.get("fields");
                }
            }
        }
        return field.get("fields");
    }

    /** A list, or the collection with keys that the generator makes of some lists. */
    @SuppressWarnings("unchecked")
    private static Collection<Object> list(Type type) throws Exception {
        if (type instanceof ParameterizedType) {
            return new ArrayList<>();
        }
        return (Collection<Object>) ((Class<?>) type).getConstructor().newInstance();
    }

    private static Class<?> elementOf(Type type) {
        Type list = type instanceof ParameterizedType ? type : ((Class<?>) type).getGenericSuperclass();
        return (Class<?>) ((ParameterizedType) list).getActualTypeArguments()[0];
    }

    /** An edge of some width as often as not. */
    private long number() {
        long[] edges = {0, 1, -1, 127, -128, 128, 32767, -32768, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE};
        return random.nextBoolean() ? random.nextLong() : edges[random.nextInt(edges.length)];
    }

    /** Letters of one to four bytes; now and then enough of them for a length of two bytes. */
    private String string() {
        String[] letters = {"a", "Z", "_", ".", "\u00e4", "\u20ac", "\ud83d\ude80", "\"", "\n"};
        StringBuilder text = new StringBuilder();
        for (int left = random.nextInt(random.nextInt(8) == 0 ? 200 : 12); left > 0; left--) {
            text.append(letters[random.nextInt(letters.length)]);
        }
        return text.toString();
    }

    private byte[] bytes() {
        byte[] bytes = new byte[random.nextInt(random.nextInt(8) == 0 ? 200 : 12)];
        random.nextBytes(bytes);
        return bytes;
    }

    /** Whether a range such as {@code 3+}, {@code 0-6}, {@code 4} or {@code none} holds the version. */
    private boolean holds(String range) {
        if (range.equals("none")) {
            return false;
        }
        if (range.endsWith("+")) {
            return version >= Short.parseShort(range.substring(0, range.length() - 1));
        }
        String[] ends = range.split("-");
        return Short.parseShort(ends[0]) <= version && version <= Short.parseShort(ends[ends.length - 1]);
    }
}
