import java.util.Properties;

/** The properties of a client: the broker's address, and {@code name=value} arguments. */
final class Settings {
    static Properties of(String bootstrap, String[] args, int from) {
        Properties settings = new Properties();
        settings.put("bootstrap.servers", bootstrap);
        for (int i = from; i < args.length; i++) {
            int equals = args[i].indexOf('=');
            settings.put(args[i].substring(0, equals), args[i].substring(equals + 1));
        }
        return settings;
    }

    private Settings() {
    }
}
