#ifndef CRABBITMQ_H
#define CRABBITMQ_H

// Everything Swift may see of librabbitmq. The functions flatten frames and unions into plain structs
// and stand in for what Swift cannot import (variadic functions, string macros). They hold no state,
// decide nothing, and never block longer than they are told.

#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <stdint.h>
#include <sys/eventfd.h>  // absent from Swift's Glibc module

typedef enum {
    CRMQ_FRAME_NONE,   // nothing arrived in time
    CRMQ_FRAME_METHOD,
    CRMQ_FRAME_HEADER,
    CRMQ_FRAME_BODY,
    CRMQ_FRAME_OTHER,  // a heartbeat
} crmq_frame_kind;

// One frame. Byte ranges and `properties` borrow from the connection's buffers: copy them before
// `amqp_maybe_release_buffers_on_channel`.
typedef struct {
    int status;  // amqp_status_enum
    crmq_frame_kind kind;
    uint16_t channel;
    uint32_t method;        // AMQP_…_METHOD, for CRMQ_FRAME_METHOD
    uint64_t delivery_tag;  // deliver, ack, nack
    int multiple;           // ack, nack
    int redelivered;        // deliver
    uint16_t reply_code;    // return, channel.close, connection.close
    amqp_bytes_t text;      // reply text, reason of connection.blocked, consumer tag
    amqp_bytes_t exchange;
    amqp_bytes_t routing_key;
    uint64_t body_size;     // header
    const amqp_basic_properties_t *properties;  // header
    int headers_passed_over;  // header: they nest too deep or are too many, and `properties` has none
    amqp_bytes_t body;      // body
} crmq_frame;

// The next frame, waiting at most `timeout_ms` (0: only what is there). Also answers and checks heartbeats.
void crmq_next_frame(amqp_connection_state_t connection, int timeout_ms, crmq_frame *out);

// The outcome of the last synchronous call. `text` borrows from the connection.
typedef struct {
    int status;           // amqp_status_enum; AMQP_STATUS_OK where the broker refused
    uint16_t reply_code;  // not 0: the broker refused, with this code
    int closed_connection;  // it closed the connection, not only the channel
    amqp_bytes_t text;
} crmq_reply;

crmq_reply crmq_last_reply(amqp_connection_state_t connection);

crmq_reply crmq_login(amqp_connection_state_t connection, const char *vhost, int frame_max, int heartbeat_s,
                      const amqp_table_t *properties, const char *user, const char *password);

// Socket options and handshake limits that take a `struct timeval`.
int crmq_open(amqp_connection_state_t connection, amqp_socket_t *socket, const char *host, int port, int timeout_ms);

#endif
