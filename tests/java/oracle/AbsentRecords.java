package org.apache.kafka.common.record.internal;

/** Kafka 4.4 moved the record classes into this package; with this class, 3.9 has a package of that name to import too. */
final class AbsentRecords {
    private AbsentRecords() {
    }
}
