/* The limit of ingest: a server that only frames and acknowledges Teltonika packets; with a file, also append + fdatasync per group. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define EVENTS 256
#define BUFFER 65536

struct connection { int fd; int logged_in; size_t used; unsigned char data[BUFFER]; };
struct reply { int fd; uint32_t count; };

static struct reply replies[1 << 16];
static size_t waiting;
static volatile sig_atomic_t stopping;

static void stop(int unused) { (void)unused; stopping = 1; }

/* Consume whole frames at the front of the buffer; append their bytes to the file if there is one. */
static void frames(struct connection *c, int file) {
    size_t at = 0;
    for (;;) {
        unsigned char *p = c->data + at;
        size_t left = c->used - at;
        if (!c->logged_in) {
            if (left < 2 || left < 2u + (p[0] << 8 | p[1])) break;
            at += 2u + (p[0] << 8 | p[1]);
            c->logged_in = 1;
            if (write(c->fd, "\1", 1) < 0) return;
            continue;
        }
        if (left < 12) break;
        uint32_t length = (uint32_t)p[4] << 24 | p[5] << 16 | p[6] << 8 | p[7];
        if (left < length + 12) break;
        if (file >= 0 && write(file, p, length + 12) < 0) exit(2);
        replies[waiting++] = (struct reply){c->fd, htonl(p[9])};
        at += length + 12;
    }
    memmove(c->data, c->data + at, c->used - at);
    c->used -= at;
}

static void release(int file) {
    if (file >= 0 && waiting && fdatasync(file)) exit(2);
    for (size_t i = 0; i < waiting; i++)
        if (send(replies[i].fd, &replies[i].count, 4, MSG_NOSIGNAL) < 0) continue;
    waiting = 0;
}

int main(int argc, char **argv) {
    if (argc < 2) { fprintf(stderr, "usage: ack_server PORT [FILE]\n"); return 2; }
    int file = argc > 2 ? open(argv[2], O_CREAT | O_WRONLY | O_APPEND | O_TRUNC, 0600) : -1;
    signal(SIGTERM, stop);
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(argv[1])), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) { perror("bind"); return 1; }
    int poll = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = NULL}, ready[EVENTS];
    epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    while (!stopping) {
        int n = epoll_wait(poll, ready, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct connection *c = ready[i].data.ptr;
            if (!c) {
                int fd;
                while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
                    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                    c = calloc(1, sizeof *c);
                    c->fd = fd;
                    event = (struct epoll_event){.events = EPOLLIN, .data.ptr = c};
                    epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            ssize_t got = recv(c->fd, c->data + c->used, BUFFER - c->used, 0);
            if (got <= 0) { if (got == 0 || errno != EAGAIN) { close(c->fd); free(c); } continue; }
            c->used += (size_t)got;
            frames(c, file);
        }
        release(file);
    }
    return 0;
}
