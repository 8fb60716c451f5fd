#define _GNU_SOURCE  // RTLD_NEXT
#include "CRabbitMQ.h"

#include <dlfcn.h>
#include <string.h>
#include <sys/time.h>

static struct timeval timeval_of(int ms) {
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
    return tv;
}

// --- Tables of strangers
//
// librabbitmq decodes tables and arrays by recursion, as deep as they nest: 26,000 levels fit one frame of a publisher, and a stack does
// not hold them. It calls `amqp_decode_table` through its own dynamic symbol, so this one is called in its place, for every table there is,
// the handshake's too. What nests too deep, or has so many values that they would take up a hundred times their bytes, is passed over.

enum { DEEPEST_TABLE = 16, MOST_TABLE_VALUES = 4096 };

static _Thread_local int table_was_passed_over;
static _Thread_local int is_in_table;

static uint32_t number_at(const uint8_t *at) {
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

// Bytes of a value of this kind, those of its length included; -1: it is a container, -2: its length comes first, -3: there is no such kind.
static int size_of_kind(uint8_t kind) {
    switch (kind) {
        case 'V': return 0;
        case 't': case 'b': case 'B': return 1;
        case 's': case 'u': return 2;
        case 'I': case 'i': case 'f': return 4;
        case 'D': return 5;
        case 'l': case 'L': case 'd': case 'T': return 8;
        case 'A': case 'F': return -1;
        case 'S': case 'x': return -2;
        default: return -3;
    }
}

// Whether a table may be decoded. What is no table may: librabbitmq finds that out.
static int is_harmless(const uint8_t *bytes, size_t length) {
    struct { size_t end; int is_array; } level[DEEPEST_TABLE];
    int depth = 0, values = 0;
    size_t at = 4;
    if (length < 4 || number_at(bytes) > length - 4) return 1;
    level[0].end = 4 + (size_t)number_at(bytes);
    level[0].is_array = 0;
    while (depth >= 0) {
        if (at >= level[depth].end) {
            depth--;
            continue;
        }
        size_t end = level[depth].end;
        if (!level[depth].is_array) at += 1 + (size_t)bytes[at];
        if (at >= end) return 1;
        if (++values > MOST_TABLE_VALUES) return 0;
        int size = size_of_kind(bytes[at++]);
        if (size == -3) return 1;
        if (size >= 0) {
            at += (size_t)size;
            continue;
        }
        if (end - at < 4 || number_at(bytes + at) > end - at - 4) return 1;
        size_t content = number_at(bytes + at);
        at += 4;
        if (size == -2) {
            at += content;
            continue;
        }
        if (++depth == DEEPEST_TABLE) return 0;
        level[depth].end = at + content;
        level[depth].is_array = bytes[at - 5] == 'A';
    }
    return 1;
}

__attribute__((visibility("default"), used)) int amqp_decode_table(amqp_bytes_t encoded, amqp_pool_t *pool, amqp_table_t *output, size_t *offset) {
    int (*decode)(amqp_bytes_t, amqp_pool_t *, amqp_table_t *, size_t *) = dlsym(RTLD_NEXT, "amqp_decode_table");
    if (!decode) return AMQP_STATUS_UNEXPECTED_STATE;
    if (is_in_table) return decode(encoded, pool, output, offset);
    const uint8_t *bytes = (const uint8_t *)encoded.bytes + *offset;
    if (*offset <= encoded.len && !is_harmless(bytes, encoded.len - *offset)) {
        table_was_passed_over = 1;
        output->num_entries = 0;
        output->entries = NULL;
        *offset += 4 + (size_t)number_at(bytes);
        return AMQP_STATUS_OK;
    }
    is_in_table = 1;
    int status = decode(encoded, pool, output, offset);
    is_in_table = 0;
    return status;
}

static void flatten_method(const amqp_method_t *method, crmq_frame *out) {
    out->kind = CRMQ_FRAME_METHOD;
    out->method = method->id;
    switch (method->id) {
        case AMQP_BASIC_DELIVER_METHOD: {
            const amqp_basic_deliver_t *m = method->decoded;
            out->delivery_tag = m->delivery_tag;
            out->redelivered = m->redelivered;
            out->text = m->consumer_tag;
            out->exchange = m->exchange;
            out->routing_key = m->routing_key;
            break;
        }
        case AMQP_BASIC_ACK_METHOD: {
            const amqp_basic_ack_t *m = method->decoded;
            out->delivery_tag = m->delivery_tag;
            out->multiple = m->multiple;
            break;
        }
        case AMQP_BASIC_NACK_METHOD: {
            const amqp_basic_nack_t *m = method->decoded;
            out->delivery_tag = m->delivery_tag;
            out->multiple = m->multiple;
            break;
        }
        case AMQP_BASIC_RETURN_METHOD: {
            const amqp_basic_return_t *m = method->decoded;
            out->reply_code = m->reply_code;
            out->text = m->reply_text;
            out->exchange = m->exchange;
            out->routing_key = m->routing_key;
            break;
        }
        case AMQP_BASIC_CANCEL_METHOD: {
            const amqp_basic_cancel_t *m = method->decoded;
            out->text = m->consumer_tag;
            break;
        }
        case AMQP_CHANNEL_CLOSE_METHOD: {
            const amqp_channel_close_t *m = method->decoded;
            out->reply_code = m->reply_code;
            out->text = m->reply_text;
            break;
        }
        case AMQP_CONNECTION_CLOSE_METHOD: {
            const amqp_connection_close_t *m = method->decoded;
            out->reply_code = m->reply_code;
            out->text = m->reply_text;
            break;
        }
        case AMQP_CONNECTION_BLOCKED_METHOD: {
            const amqp_connection_blocked_t *m = method->decoded;
            out->text = m->reason;
            break;
        }
        default:
            break;
    }
}

void crmq_next_frame(amqp_connection_state_t connection, int timeout_ms, crmq_frame *out) {
    struct timeval tv = timeval_of(timeout_ms);
    amqp_frame_t frame;
    memset(out, 0, sizeof *out);
    table_was_passed_over = 0;
    out->status = amqp_simple_wait_frame_noblock(connection, &frame, &tv);
    if (out->status == AMQP_STATUS_TIMEOUT) {
        out->status = AMQP_STATUS_OK;
        return;
    }
    if (out->status != AMQP_STATUS_OK) return;
    out->channel = frame.channel;
    switch (frame.frame_type) {
        case AMQP_FRAME_METHOD:
            flatten_method(&frame.payload.method, out);
            break;
        case AMQP_FRAME_HEADER:
            out->kind = CRMQ_FRAME_HEADER;
            out->body_size = frame.payload.properties.body_size;
            out->properties = frame.payload.properties.decoded;
            out->headers_passed_over = table_was_passed_over;
            break;
        case AMQP_FRAME_BODY:
            out->kind = CRMQ_FRAME_BODY;
            out->body = frame.payload.body_fragment;
            break;
        default:
            out->kind = CRMQ_FRAME_OTHER;
            break;
    }
}

static crmq_reply flatten_reply(amqp_rpc_reply_t reply) {
    crmq_reply out;
    memset(&out, 0, sizeof out);
    switch (reply.reply_type) {
        case AMQP_RESPONSE_NORMAL:
            out.status = AMQP_STATUS_OK;
            break;
        case AMQP_RESPONSE_NONE:
            out.status = AMQP_STATUS_SOCKET_CLOSED;
            break;
        case AMQP_RESPONSE_LIBRARY_EXCEPTION:
            out.status = reply.library_error;
            break;
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            out.status = AMQP_STATUS_OK;
            if (reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
                const amqp_channel_close_t *m = reply.reply.decoded;
                out.reply_code = m->reply_code;
                out.text = m->reply_text;
            } else if (reply.reply.id == AMQP_CONNECTION_CLOSE_METHOD) {
                const amqp_connection_close_t *m = reply.reply.decoded;
                out.reply_code = m->reply_code;
                out.text = m->reply_text;
                out.closed_connection = 1;
            } else {
                out.status = AMQP_STATUS_UNEXPECTED_STATE;
            }
            break;
    }
    return out;
}

crmq_reply crmq_last_reply(amqp_connection_state_t connection) { return flatten_reply(amqp_get_rpc_reply(connection)); }

crmq_reply crmq_login(amqp_connection_state_t connection, const char *vhost, int frame_max, int heartbeat_s,
                      const amqp_table_t *properties, const char *user, const char *password) {
    return flatten_reply(amqp_login_with_properties(connection, vhost, 0, frame_max, heartbeat_s, properties,
                                                    AMQP_SASL_METHOD_PLAIN, user, password));
}

int crmq_open(amqp_connection_state_t connection, amqp_socket_t *socket, const char *host, int port, int timeout_ms) {
    struct timeval tv = timeval_of(timeout_ms);
    int status = amqp_set_handshake_timeout(connection, &tv);
    if (status == AMQP_STATUS_OK) status = amqp_set_rpc_timeout(connection, &tv);
    if (status == AMQP_STATUS_OK) status = amqp_socket_open_noblock(socket, host, port, &tv);
    return status;
}
