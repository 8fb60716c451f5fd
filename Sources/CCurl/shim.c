#include "CCurl.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) { return curl_easy_setopt(easy, option, value); }

CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) { return curl_easy_setopt(easy, option, value); }

CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) { return curl_easy_setopt(easy, option, value); }

CURLcode ccurl_set_blob(CURL *easy, CURLoption option, const void *bytes, size_t count) {
    if (!bytes) return curl_easy_setopt(easy, option, NULL);
    struct curl_blob blob = {.data = (void *)bytes, .len = count, .flags = CURL_BLOB_NOCOPY};
    return curl_easy_setopt(easy, option, &blob);
}

CURLcode ccurl_set_share(CURL *easy, CURLSH *share) { return curl_easy_setopt(easy, CURLOPT_SHARE, share); }

CURLSH *ccurl_share_new(void) {
    CURLSH *share = curl_share_init();
    if (share && curl_share_setopt(share, CURLSHOPT_SHARE, CURL_LOCK_DATA_CONNECT) != CURLSHE_OK) {
        curl_share_cleanup(share);
        return NULL;
    }
    return share;
}

CURLcode ccurl_set_body(CURL *easy, const void *bytes, size_t count) {
    if (!bytes) return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L);
    CURLcode code = curl_easy_setopt(easy, CURLOPT_POST, 1L);
    // The size comes first: the copy is made by it.
    if (!code) code = curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)count);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_COPYPOSTFIELDS, bytes);
    return code;
}

CURLcode ccurl_set_error_buffer(CURL *easy, char *buffer) { return curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, buffer); }

CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) { return curl_multi_setopt(multi, option, value); }

CURLcode ccurl_set_receivers(CURL *easy, ccurl_bytes header, ccurl_bytes body, void *context) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, header);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_HEADERDATA, context);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, body);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_WRITEDATA, context);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_PRIVATE, context);
    return code;
}

static bool is_link_local(const struct sockaddr *address) {
    unsigned char ip[16] = {0};
    if (address->sa_family == AF_INET) {
        memcpy(ip + 12, &((const struct sockaddr_in *)address)->sin_addr, 4);
    } else if (address->sa_family == AF_INET6) {
        memcpy(ip, &((const struct sockaddr_in6 *)address)->sin6_addr, 16);
    } else {
        return false;
    }
    if (ip[0] == 0xFE && (ip[1] & 0xC0) == 0x80) return true;
    // An IPv4 address within: as it is (::), mapped (::ffff:), translated (64:ff9b::, ::ffff:0:), or by 6to4 (2002:).
    static const unsigned char zeros[8], nat64[12] = {0, 0x64, 0xFF, 0x9B};
    const unsigned char *within = ip + 12;
    if (ip[0] == 0x20 && ip[1] == 0x02) {
        within = ip + 2;
    } else if (memcmp(ip, nat64, sizeof nat64) && memcmp(ip, zeros, sizeof zeros)) {
        return false;
    }
    return within[0] == 169 && within[1] == 254;
}

bool ccurl_is_link_local(const char *host) {
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_STREAM}, *found = NULL;
    if (getaddrinfo(host, NULL, &hints, &found)) return false;
    bool is = false;
    for (struct addrinfo *one = found; one; one = one->ai_next) is = is || is_link_local(one->ai_addr);
    freeaddrinfo(found);
    return is;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address) {
    (void)purpose;
    ccurl_sockets *sockets = context;
    sockets->refused_link_local = sockets->refuses_link_local && is_link_local(&address->addr);
    if (sockets->refused_link_local) return CURL_SOCKET_BAD;
    curl_socket_t fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
    if (fd == CURL_SOCKET_BAD) {
        sockets->changed(sockets->context, -1, false);
        return fd;
    }
    // Of data that was sent, and, by probes, of a connection on which nothing is sent.
    unsigned int patience = (unsigned int)sockets->dead_peer_ms;
    setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &patience, sizeof patience);
    sockets->changed(sockets->context, fd, true);
    return fd;
}

static int close_socket(void *context, curl_socket_t fd) {
    ccurl_sockets *sockets = context;
    sockets->changed(sockets->context, fd, false);
    return close(fd);
}

CURLcode ccurl_set_sockets(CURL *easy, ccurl_sockets *sockets) {
    CURLcode code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, open_socket);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, sockets);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, close_socket);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, sockets);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPALIVE, 1L);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPIDLE, 15L);
    if (!code) code = curl_easy_setopt(easy, CURLOPT_TCP_KEEPINTVL, 5L);
    return code;
}

long ccurl_info_long(CURL *easy, CURLINFO info) {
    long value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

curl_off_t ccurl_info_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    curl_easy_getinfo(easy, info, &value);
    return value;
}

CURL *ccurl_next_ended(CURLM *multi, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = curl_multi_info_read(multi, &left))) {
        if (message->msg != CURLMSG_DONE) continue;
        *result = message->data.result;
        return message->easy_handle;
    }
    return NULL;
}

void *ccurl_context(CURL *easy) {
    void *context = NULL;
    curl_easy_getinfo(easy, CURLINFO_PRIVATE, &context);
    return context;
}
