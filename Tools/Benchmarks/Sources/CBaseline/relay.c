#include "baseline.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zmq.h>

/// Bytes of a ticket's texts that fit a message.
#define TEXT_BYTES 1024

typedef struct {
    baseline_ticket ticket;
    char texts[TEXT_BYTES];
} message;

struct baseline_relay {
    void *context, *dealer, *router;
    baseline *here, *there;
    pthread_t thread;
};

// Commits what arrives, and answers. A message without content ends it.
static void *serve(void *argument) {
    baseline_relay *relay = argument;
    for (;;) {
        char identity[256];
        message received;
        int length = zmq_recv(relay->router, identity, sizeof identity, 0);
        int size = zmq_recv(relay->router, &received, sizeof received, 0);
        if (length < 0 || size != (int)sizeof received) return NULL;
        char answer = (char)baseline_insert(relay->there, &received.ticket, 1, received.texts);
        zmq_send(relay->router, identity, (size_t)length, ZMQ_SNDMORE);
        zmq_send(relay->router, &answer, 1, 0);
    }
}

static int connect_ends(baseline_relay *relay) {
    char server_public[41], server_secret[41], client_public[41], client_secret[41], endpoint[128];
    size_t length = sizeof endpoint;
    int is_server = 1, linger = 0;
    relay->context = zmq_ctx_new();
    relay->router = zmq_socket(relay->context, ZMQ_ROUTER);
    relay->dealer = zmq_socket(relay->context, ZMQ_DEALER);
    return zmq_curve_keypair(server_public, server_secret) == 0
        && zmq_curve_keypair(client_public, client_secret) == 0
        && zmq_setsockopt(relay->router, ZMQ_LINGER, &linger, sizeof linger) == 0
        && zmq_setsockopt(relay->dealer, ZMQ_LINGER, &linger, sizeof linger) == 0
        && zmq_setsockopt(relay->router, ZMQ_CURVE_SERVER, &is_server, sizeof is_server) == 0
        && zmq_setsockopt(relay->router, ZMQ_CURVE_SECRETKEY, server_secret, 40) == 0
        && zmq_setsockopt(relay->dealer, ZMQ_CURVE_SERVERKEY, server_public, 40) == 0
        && zmq_setsockopt(relay->dealer, ZMQ_CURVE_PUBLICKEY, client_public, 40) == 0
        && zmq_setsockopt(relay->dealer, ZMQ_CURVE_SECRETKEY, client_secret, 40) == 0
        && zmq_bind(relay->router, "tcp://127.0.0.1:*") == 0
        && zmq_getsockopt(relay->router, ZMQ_LAST_ENDPOINT, endpoint, &length) == 0
        && zmq_connect(relay->dealer, endpoint) == 0;
}

baseline_relay *baseline_relay_start(const char *folder) {
    baseline_relay *relay = calloc(1, sizeof *relay);
    char path[1024];
    snprintf(path, sizeof path, "%s/here.sqlite", folder);
    relay->here = baseline_open(path, BASELINE_PLAIN, NULL, NULL, NULL);
    snprintf(path, sizeof path, "%s/there.sqlite", folder);
    relay->there = baseline_open(path, BASELINE_PLAIN, NULL, NULL, NULL);
    if (relay->here && relay->there && connect_ends(relay)
        && pthread_create(&relay->thread, NULL, serve, relay) == 0) return relay;
    return NULL;
}

int baseline_relay_send(baseline_relay *relay, const baseline_ticket *ticket, const char *texts) {
    message sent;
    memset(&sent, 0, sizeof sent);
    sent.ticket = *ticket;
    uint32_t start = ticket->offsets[0], end = ticket->offsets[BASELINE_TEXTS];
    if (end - start > TEXT_BYTES) return 0;
    memcpy(sent.texts, texts + start, end - start);
    for (int text = 0; text <= BASELINE_TEXTS; text++) sent.ticket.offsets[text] -= start;
    char answer = 0;
    return baseline_insert(relay->here, &sent.ticket, 1, sent.texts)
        && zmq_send(relay->dealer, &sent, sizeof sent, 0) == (int)sizeof sent
        && zmq_recv(relay->dealer, &answer, 1, 0) == 1 && answer;
}

void baseline_relay_stop(baseline_relay *relay) {
    zmq_send(relay->dealer, "", 0, 0);
    pthread_join(relay->thread, NULL);
    zmq_close(relay->dealer);
    zmq_close(relay->router);
    zmq_ctx_term(relay->context);
    baseline_close(relay->here);
    baseline_close(relay->there);
    free(relay);
}
