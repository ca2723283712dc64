/* The load of the ingest benchmark: connections that log in, send one packet, wait for its acknowledgement, send the next.
   usage: load PORT CONNECTIONS SECONDS RECORDS FIRST_IMEI START_S [PACKET_LIMIT]; prints packets, records, seconds, p50 and p99 in microseconds */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

struct connection { int fd, logged_in; size_t have; unsigned char reply[4]; uint64_t sent_ns, at_ms; double lat, lon; uint32_t odometer; };
static uint16_t table[256];
static int records;
static unsigned char packet[65536];
static uint32_t histogram[2000000];

static uint64_t now(void) { struct timespec t; clock_gettime(CLOCK_MONOTONIC, &t); return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec; }
static unsigned char *put(unsigned char *p, uint64_t value, int bytes) { for (int i = bytes - 1; i >= 0; i--) *p++ = (unsigned char)(value >> (8 * i)); return p; }

static size_t build(struct connection *c) {
    unsigned char *p = packet + 8;
    *p++ = 8; *p++ = (unsigned char)records;
    for (int i = 0; i < records; i++) {
        c->at_ms += 1000; c->lat += 0.0001; if (c->lat > 60) c->lat = 48; c->odometer += 11;
        p = put(p, c->at_ms, 8); *p++ = 1;
        p = put(p, (uint32_t)(int32_t)(c->lon * 1e7), 4); p = put(p, (uint32_t)(int32_t)(c->lat * 1e7), 4);
        p = put(p, 120, 2); p = put(p, 7, 2); *p++ = 11; p = put(p, 40, 2);
        *p++ = 0; *p++ = 10;
        *p++ = 5; *p++ = 239; *p++ = 1; *p++ = 240; *p++ = 1; *p++ = 21; *p++ = 4; *p++ = 69; *p++ = 1; *p++ = 1; *p++ = 0;
        *p++ = 4; *p++ = 181; p = put(p, 12, 2); *p++ = 182; p = put(p, 8, 2); *p++ = 66; p = put(p, 14100, 2); *p++ = 67; p = put(p, 4050, 2);
        *p++ = 1; *p++ = 16; p = put(p, c->odometer, 4);
        *p++ = 0;
    }
    *p++ = (unsigned char)records;
    uint32_t length = (uint32_t)(p - packet - 8);
    memset(packet, 0, 4); put(packet + 4, length, 4);
    uint16_t crc = 0;
    for (uint32_t i = 0; i < length; i++) crc = (uint16_t)(crc >> 8 ^ table[(crc ^ packet[8 + i]) & 255]);
    p = put(p, crc, 4);
    return (size_t)(p - packet);
}

static void send_next(struct connection *c) {
    size_t size = build(c);
    c->sent_ns = now();
    if (send(c->fd, packet, size, MSG_NOSIGNAL) != (ssize_t)size) { perror("send"); exit(1); }
}

int main(int argc, char **argv) {
    if (argc < 7) return 2;
    int port = atoi(argv[1]), n = atoi(argv[2]); double seconds = atof(argv[3]);
    records = atoi(argv[4]);
    uint64_t imei = strtoull(argv[5], NULL, 10), start = strtoull(argv[6], NULL, 10) * 1000, limit = argc > 7 ? strtoull(argv[7], NULL, 10) : UINT64_MAX;
    for (int i = 0; i < 256; i++) { uint16_t v = (uint16_t)i; for (int k = 0; k < 8; k++) v = v & 1 ? (uint16_t)(v >> 1 ^ 0xA001) : (uint16_t)(v >> 1); table[i] = v; }
    struct rlimit files = {65536, 65536}; setrlimit(RLIMIT_NOFILE, &files);
    struct connection *all = calloc((size_t)n, sizeof *all);
    int poll = epoll_create1(0), yes = 1;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    for (int i = 0; i < n; i++) {
        struct connection *c = all + i;
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(c->fd, (struct sockaddr *)&address, sizeof address)) { perror("connect"); return 1; }
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        c->at_ms = start; c->lat = 48 + (i % 100) * 0.1; c->lon = 8 + (i / 100) * 0.05;
        char login[32]; int digits = snprintf(login + 2, 30, "%015llu", (unsigned long long)(imei + (uint64_t)i));
        login[0] = 0; login[1] = (char)digits;
        if (send(c->fd, login, (size_t)digits + 2, 0) < 0) return 1;
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        epoll_ctl(poll, EPOLL_CTL_ADD, c->fd, &event);
    }
    uint64_t begin = now(), end = begin + (uint64_t)(seconds * 1e9), packets = 0, acked = 0, open = (uint64_t)n;
    struct epoll_event ready[256];
    while (open) {
        int k = epoll_wait(poll, ready, 256, 5000);
        if (k <= 0) { fprintf(stderr, "no answer for 5 s, %llu open\n", (unsigned long long)open); return 1; }
        for (int i = 0; i < k; i++) {
            struct connection *c = ready[i].data.ptr;
            ssize_t got = recv(c->fd, c->reply + c->have, c->logged_in ? 4 - c->have : 1, 0);
            if (got <= 0) { fprintf(stderr, "closed by the server\n"); return 1; }
            c->have += (size_t)got;
            if (!c->logged_in) { if (c->reply[0] != 1) { fprintf(stderr, "refused\n"); return 1; } c->logged_in = 1; }
            else {
                if (c->have < 4) continue;
                uint64_t took = (now() - c->sent_ns) / 1000;
                histogram[took < 1999999 ? took : 1999999]++;
                packets++; acked += c->reply[3];
            }
            c->have = 0;
            if (now() > end || packets + open > limit) { open--; close(c->fd); continue; }
            send_next(c);
        }
    }
    double took = (double)(now() - begin) / 1e9;
    uint64_t seen = 0, p50 = 0, p99 = 0;
    for (uint64_t i = 0; i < 2000000; i++) { seen += histogram[i]; if (!p50 && seen * 2 >= packets) p50 = i; if (!p99 && seen * 100 >= packets * 99) { p99 = i; break; } }
    printf("{\"packets\":%llu,\"records\":%llu,\"seconds\":%.3f,\"p50_us\":%llu,\"p99_us\":%llu}\n", (unsigned long long)packets, (unsigned long long)acked, took, (unsigned long long)p50, (unsigned long long)p99);
    return 0;
}
