#include "CRabbitMQ.h"

#include <string.h>
#include <sys/time.h>

static struct timeval timeval_of(int ms) {
    struct timeval tv = {ms / 1000, (ms % 1000) * 1000};
    return tv;
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
