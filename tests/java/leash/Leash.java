import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Comparator;
import java.util.stream.Stream;

/**
 * Runs the main class named in the second argument with the arguments after it, until stdin closes, which happens
 * when the process that started this one is gone, killed or not. The directory in the first argument goes then too.
 */
public final class Leash {
    public static void main(String[] args) throws Exception {
        Path directory = Path.of(args[0]);
        Thread leash = new Thread(() -> holdUntilLetGo(directory), "leash");
        leash.setDaemon(true);
        leash.start();
        Class.forName(args[1])
            .getMethod("main", String[].class)
            .invoke(null, (Object) Arrays.copyOfRange(args, 2, args.length));
    }

    private static void holdUntilLetGo(Path directory) {
        try {
            while (System.in.read() >= 0) {
                // Nothing is ever said on stdin.
            }
            // A server that still runs can make another file while the first round removes them.
            for (int round = 0; round < 3 && Files.exists(directory); round++) {
                remove(directory);
                Thread.sleep(50);
            }
        } catch (IOException | InterruptedException e) {
            // Ending is what matters.
        } finally {
            Runtime.getRuntime().halt(0);
        }
    }

    private static void remove(Path directory) {
        try (Stream<Path> paths = Files.walk(directory)) {
            paths.sorted(Comparator.reverseOrder()).forEach(path -> path.toFile().delete());
        } catch (IOException | java.io.UncheckedIOException e) {
            // Another process of the same test removes the same directory.
        }
    }
}
