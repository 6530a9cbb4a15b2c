package org.apache.kafka.common.utils.internals;

/** Kafka 4.4 moved utilities into this package; with this class, 3.9 has a package of that name to import too. */
final class AbsentUtils {
    private AbsentUtils() {
    }
}
