#!/usr/bin/env python3
"""Reads the outbox topic of an OCN service and handles every copy once, although a copy may stand in the topic twice.

    pip install -r requirements.txt
    ./outbox_reader.py --bootstrap kafka.example:9092 --topic ocn.outbox.DE-BIL --group DE-BIL.billing
"""
import argparse
import json
import signal
import sqlite3
import sys
from decimal import Decimal

from cloudevents.core.bindings.kafka import KafkaMessage, from_binary_event
from confluent_kafka import Consumer, KafkaException


def event_of(message):
    """The CloudEvent: attributes from the headers, data from the value (None for a request without a body)."""
    return from_binary_event(KafkaMessage(dict(message.headers()), message.key(), message.value()))


def body_of(message):
    """The OCPI object with exact decimals: binary fractions are nothing to bill by. None for a request without a body."""
    return json.loads(message.value(), parse_float=Decimal) if message.value() else None


def handle(database, event, body):
    """Put your work here. What it writes to the database stands there exactly when the copy's id does."""
    database.execute(
        "INSERT INTO requests VALUES (?, ?, ?, ?)",
        (event.get_id(), event.get_type(), event.get_subject(), json.dumps(body, default=str)),
    )


def take(database, message):
    """One copy in one transaction: its id and what follows from it. Returns what became of it, for the log."""
    try:
        event, body = event_of(message), body_of(message)
    except Exception as error:  # Whatever it is, it will not get better by being read again: put it aside and go on.
        with database:
            place = f"{message.topic()}[{message.partition()}]@{message.offset()}"
            database.execute("INSERT OR REPLACE INTO unreadable VALUES (?, ?, ?)", (place, str(error), message.value()))
        return f"unreadable {place} {error}"
    with database:
        if database.execute("INSERT OR IGNORE INTO copies (id) VALUES (?)", (event.get_id(),)).rowcount == 0:
            return f"known {event.get_id()}"
        handle(database, event, body)
    return f"new {event.get_id()} {event.get_type()} {json.dumps(body, default=str)}"


def open_database(path):
    database = sqlite3.connect(path)
    database.executescript(
        """
        CREATE TABLE IF NOT EXISTS copies (id TEXT PRIMARY KEY, taken TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP);
        CREATE TABLE IF NOT EXISTS unreadable (place TEXT PRIMARY KEY, error TEXT, value BLOB);
        CREATE TABLE IF NOT EXISTS requests (copy TEXT REFERENCES copies, type TEXT, path TEXT, body TEXT);
        """
    )
    return database


def name_and_value(text):
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"'{text}' is not NAME=VALUE")
    return name, value


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--bootstrap", required=True, help="host:port of Kafka")
    parser.add_argument("--topic", required=True, help="your outbox, e.g. ocn.outbox.DE-BIL")
    parser.add_argument("--group", required=True, help="your consumer group, as the operator granted it")
    parser.add_argument("--database", default="copies.sqlite", help="where copies go (default: %(default)s)")
    parser.add_argument(
        "--property",
        action="append",
        default=[],
        type=name_and_value,
        metavar="NAME=VALUE",
        help="of librdkafka, e.g. security.protocol=SASL_SSL; may be repeated",
    )
    options = parser.parse_args()

    consumer = Consumer(
        {
            "bootstrap.servers": options.bootstrap,
            "group.id": options.group,
            "auto.offset.reset": "earliest",  # A new group begins with the oldest copy, not with the next one.
            "isolation.level": "read_committed",
            "enable.auto.commit": True,  # In the background, but only what store_offsets has released:
            "enable.auto.offset.store": False,
            **dict(options.property),
        }
    )
    is_running = True

    def stop(*_):
        nonlocal is_running
        is_running = False

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    database = open_database(options.database)
    consumer.subscribe([options.topic])
    try:
        while is_running:
            message = consumer.poll(0.5)
            if message is None:
                continue
            if message.error():
                # What is not fatal passes by itself, or when the operator has granted a right that is missing.
                if message.error().fatal():
                    raise KafkaException(message.error())
                print(message.error(), file=sys.stderr, flush=True)
                continue
            print(take(database, message), flush=True)
            consumer.store_offsets(message)
    finally:
        consumer.close()  # Commits what is released and leaves the group, so that others take over at once.
        database.close()


if __name__ == "__main__":
    main()
