#pragma once
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif

// Swift cannot call C functions with variable arguments; these give them fixed ones.

/// Queues one record. Payload and key are copied. On success librdkafka owns `headers`; on an error the caller still does.
/// `value` NULL is a tombstone; an empty value has length 0 and any other address.
static inline rd_kafka_resp_err_t ocn_rd_kafka_produce(rd_kafka_t *rk, rd_kafka_topic_t *topic, int32_t partition,
                                                       const void *key, size_t key_length,
                                                       const void *value, size_t value_length,
                                                       rd_kafka_headers_t *headers, void *opaque) {
    if (headers) {
        return rd_kafka_producev(rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                                 RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_length),
                                 RD_KAFKA_V_VALUE((void *)value, value_length), RD_KAFKA_V_HEADERS(headers),
                                 RD_KAFKA_V_OPAQUE(opaque), RD_KAFKA_V_END);
    }
    return rd_kafka_producev(rk, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_PARTITION(partition),
                             RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_KEY(key, key_length),
                             RD_KAFKA_V_VALUE((void *)value, value_length), RD_KAFKA_V_OPAQUE(opaque),
                             RD_KAFKA_V_END);
}

/// Gives a list entry a copy of `text` (NUL-terminated) as its metadata; the list frees it.
static inline int ocn_rd_kafka_set_metadata(rd_kafka_topic_partition_t *entry, const char *text) {
    char *copy = strdup(text);
    if (!copy) return -1;
    free(entry->metadata);
    entry->metadata = copy;
    entry->metadata_size = strlen(copy);
    return 0;
}

/// Names the calling thread in the process list. `pthread_setname_np` is hidden from Swift behind _GNU_SOURCE.
static inline void ocn_set_thread_name(const char *name) {
#ifdef __linux__
    prctl(PR_SET_NAME, name, 0, 0, 0);
#else
    (void)name;
#endif
}
