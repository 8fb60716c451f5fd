#ifndef CCURL_H
#define CCURL_H

// Everything Swift may see of libcurl. Swift cannot call variadic functions, so each kind of option has a function here;
// callbacks and sockets, which need structs and constants of C's, are set in one. They hold no state and decide nothing.

#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value);
// `value` is copied by libcurl; NULL is its default.
CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value);
CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value);
// Not copied: `bytes` must live until the handle has others, or is gone.
CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count);
CURLcode ccurl_set_share(CURL *easy, CURLSH *share);
// Connections of those that share it, apart from all others'. For one thread. NULL where there is no memory.
CURLSH *ccurl_share_new(void);
// Copied. NULL: no body.
CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count);
// Where libcurl writes what went wrong, CURL_ERROR_SIZE bytes, for as long as the handle exists.
CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer);
CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value);

// Both return how many bytes they took; CURL_WRITEFUNC_PAUSE pauses, anything else ends the transfer.
typedef size_t (*ccurl_bytes)(char *bytes, size_t one, size_t count, void *context);
// Told of each socket that was opened (-1: none could be) and of each that is about to be closed. libcurl closes some without asking.
typedef void (*ccurl_socket)(void *context, int fd, bool opened);

CURLcode ccurl_set_receivers(CURL *easy, ccurl_bytes header, ccurl_bytes body, void *context);

// Who hears of a service's sockets. Connections outlive transfers: it must live as long as the multi handle.
typedef struct {
    ccurl_socket changed;
    void *context;
    // A peer that does not acknowledge for this long is gone.
    int dead_peer_ms;
    // Whether no socket is opened to a link-local address, and whether the last was to be one.
    bool refuses_link_local;
    bool refused_link_local;
} ccurl_sockets;

CURLcode ccurl_set_sockets(CURL *easy, ccurl_sockets *sockets);

// Whether a host is a link-local IP address, in any spelling that resolvers take. A name is none.
bool ccurl_is_link_local(const char *host);

long ccurl_info_long(CURL *easy, CURLINFO info);
curl_off_t ccurl_info_offset(CURL *easy, CURLINFO info);
// The next transfer that has ended, or NULL.
CURL *ccurl_next_ended(CURLM *multi, CURLcode *result);
void *ccurl_context(CURL *easy);

#endif
