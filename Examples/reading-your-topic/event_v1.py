"""For code that uses the CloudEvents SDK's older interface (`cloudevents.kafka` in 1.x, `cloudevents.v1.kafka` in 2.x)."""
import json

from cloudevents.v1.kafka import KafkaMessage, from_binary


def event_of(message):
    # Without data_unmarshaller it takes every value for JSON and fails on requests without a body, which have no value.
    return from_binary(
        KafkaMessage(dict(message.headers()), message.key(), message.value()),
        data_unmarshaller=lambda value: json.loads(value) if value else None,
    )
