"""BROKERS ZOOKEEPER GROUP TOPIC OWNERS DEAL: a member of a group, by pykafka's BalancedConsumer.

It prints a line for each message, PARTITION OFFSET, before it asks for the next one. SIGTERM has it leave; it is gone when its
stdin ends. OWNERS is python2 or python3: where it locks partitions, in a folder that has the topic's name, or, as it does by itself
here, one that has the name of Python's bytes. DEAL is range or roundrobin.
"""

import logging
import os
import signal
import sys
import threading

from pykafka import KafkaClient
from pykafka.common import OffsetType
from pykafka.membershipprotocol import RangeProtocol, RoundRobinProtocol

DEALS = {"range": RangeProtocol, "roundrobin": RoundRobinProtocol}


def end_with_stdin():
    while sys.stdin.buffer.read(1):
        pass
    os._exit(1)


def main(brokers, zookeeper, group, topic, owners, deal):
    logging.basicConfig(level=logging.INFO)
    threading.Thread(target=end_with_stdin, daemon=True).start()
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    client = KafkaClient(hosts=brokers, broker_version="0.9.0")
    consumer = client.topics[topic.encode()].get_balanced_consumer(
        consumer_group=group.encode(),
        zookeeper_connect=zookeeper,
        zookeeper_connection_timeout_ms=4000,
        auto_commit_enable=True,
        auto_commit_interval_ms=300,
        auto_offset_reset=OffsetType.EARLIEST,
        consumer_timeout_ms=100,
        rebalance_max_retries=40,
        rebalance_backoff_ms=100,
        membership_protocol=DEALS[deal],
        auto_start=False,
    )
    if owners == "python2":
        consumer._topic_path = "/consumers/{}/owners/{}".format(group, topic)
    consumer.start()
    while not stopping.is_set():
        message = consumer.consume()
        if message is not None:
            print(message.partition_id, message.offset, flush=True)
    consumer.commit_offsets()
    consumer.stop()
    sys.stdout.flush()
    # What it began in the background does not end by itself.
    os._exit(0)


main(*sys.argv[1:])
