/* Clients of a gateway, each asking again as soon as it is answered; every answer is held against what was sent.
 *
 * Usage: driver PORT PATH MODEL CONNECTIONS SECONDS COUNT STREAM FIRST TEXT KEY IDS HANGUP TIMEOUT
 *   SECONDS or COUNT ends it (0: the other one), STREAM is 0 or 1, FIRST the first story's number, TEXT is added to the
 *   request, KEY a bearer token or "-", IDS a file for the X-Colonnade-Id of every answer or "-", HANGUP lets go after
 *   so many bytes of an answer (0: never). Prints one JSON object.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "story.h"

#define MOST_LATENCIES 4000000

typedef struct {
    int file, busy, head_read, chunked, status, done;
    char *in, *body, out[4096], id[96];
    size_t in_size, in_room, body_size, body_room, out_size, out_sent, length, chunk_left;
    uint32_t story;
    double started, first, again;
} Client;

static int poller, port, streaming, hangup_after, pieces_wanted;
static const char *path, *model, *text, *key;
static FILE *ids;
static double timeout_after;
static long started_count, right, wrong, refused, withheld, torn, timed_out, hung_up, told, statuses[600];
static unsigned long long bytes_in;
static float *latencies, *firsts;
static long latency_count;
static uint32_t next_story;
static char example[240];

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec + moment.tv_nsec / 1e9;
}

static void watch(Client *it, int number, int writing, int adding) {
    struct epoll_event event = {.events = EPOLLIN | (writing ? EPOLLOUT : 0), .data.u32 = (uint32_t)number};
    epoll_ctl(poller, adding ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, it->file, &event);
}

static void let_go(Client *it) {
    if (it->file >= 0) close(it->file);
    it->file = -1;
    it->busy = 0;
}

static void begin(Client *it, int number) {
    if (it->file < 0) {
        struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int yes = 1;
        it->file = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        setsockopt(it->file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        if (connect(it->file, (struct sockaddr *)&address, sizeof address) && errno != EINPROGRESS) {
            let_go(it);
            it->again = now() + 0.02;
            return;
        }
        watch(it, number, 1, 1);
    }
    char body[2048];
    it->story = next_story++;
    int size = snprintf(body, sizeof body, "{\"model\":\"%s\",\"messages\":[{\"role\":\"user\",\"content\":\"How many tulips bloom in garden %u? %s\"}]%s}",
                        model, it->story, text, streaming ? ",\"stream\":true" : "");
    it->out_size = (size_t)snprintf(it->out, sizeof it->out,
                                    "POST %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Type: application/json\r\n%s%s%sContent-Length: %d\r\n\r\n%s",
                                    path, port, *key == '-' ? "" : "Authorization: Bearer ", *key == '-' ? "" : key, *key == '-' ? "" : "\r\n", size, body);
    it->out_sent = it->in_size = it->body_size = it->length = it->chunk_left = 0;
    it->head_read = it->chunked = it->done = it->status = 0;
    it->id[0] = 0;
    it->busy = 1;
    it->first = 0;
    it->started = now();
    started_count++;
}

static void send_out(Client *it, int number) {
    while (it->out_sent < it->out_size) {
        ssize_t sent = send(it->file, it->out + it->out_sent, it->out_size - it->out_sent, MSG_NOSIGNAL);
        if (sent < 0) {
            if (errno == EAGAIN || errno == ENOTCONN) watch(it, number, 1, 0);
            return;
        }
        it->out_sent += (size_t)sent;
    }
    watch(it, number, 0, 0);
}

static void keep_body(Client *it, const char *bytes, size_t size) {
    if (it->body_size + size + 1 > it->body_room) {
        it->body_room = (it->body_size + size + 1) * 2;
        it->body = realloc(it->body, it->body_room);
    }
    memcpy(it->body + it->body_size, bytes, size);
    it->body_size += size;
    it->body[it->body_size] = 0;
}

/* Takes from what came in whatever is complete; 1 where the answer is, -1 where it is no HTTP. */
static int take(Client *it) {
    size_t at = 0;
    if (!it->head_read) {
        it->in[it->in_size] = 0;
        char *end = strstr(it->in, "\r\n\r\n");
        if (!end) return 0;
        *end = 0;
        it->status = atoi(it->in + 9);
        char *found = strcasestr(it->in, "\ncontent-length:");
        it->length = found ? (size_t)atol(found + 16) : 0;
        it->chunked = strcasestr(it->in, "\ntransfer-encoding: chunked") != NULL;
        if ((found = strcasestr(it->in, "\nx-colonnade-id:"))) sscanf(found + 16, " %90[^\r\n]", it->id);
        at = (size_t)(end - it->in) + 4;
        it->head_read = 1;
        if (ids && it->id[0]) fprintf(ids, "begun %s\n", it->id);
    }
    while (at < it->in_size && !it->done) {
        size_t here = it->in_size - at;
        if (!it->chunked) {
            size_t missing = it->length - it->body_size, got = here < missing ? here : missing;
            keep_body(it, it->in + at, got);
            at += got;
            if (it->body_size == it->length) it->done = 1;
            if (!got) break;
        } else if (it->chunk_left > 2) {
            size_t got = here < it->chunk_left - 2 ? here : it->chunk_left - 2;
            keep_body(it, it->in + at, got);
            at += got;
            it->chunk_left -= got;
        } else if (it->chunk_left) {
            at++;
            it->chunk_left--;
        } else {
            char *line = memchr(it->in + at, '\n', here);
            if (!line) break;
            size_t size = strtoul(it->in + at, NULL, 16), line_size = (size_t)(line - it->in) + 1 - at;
            if (size == 0) {
                if (here < line_size + 2) break;
                at += line_size + 2;
                it->done = 1;
            } else {
                at += line_size;
                it->chunk_left = size + 2;
            }
        }
    }
    if (!it->chunked && it->head_read && it->length == 0) it->done = 1;
    memmove(it->in, it->in + at, it->in_size - at);
    it->in_size -= at;
    return it->done;
}

/* Digest of every text under "content", joined; JSON's escapes are read. */
static uint64_t said(const char *body) {
    uint64_t digest = STORY_DIGEST;
    for (const char *at = body; (at = strstr(at, "\"content\":")); ) {
        at += 10;
        while (*at == ' ') at++;
        if (*at != '"') continue;
        for (at++; *at && *at != '"'; at++) {
            char sign[4];
            int size = 1;
            sign[0] = *at;
            if (*at == '\\') {
                at++;
                sign[0] = *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
                if (*at == 'u') {
                    unsigned code = 0;
                    sscanf(at + 1, "%4x", &code);
                    at += 4;
                    size = code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
                    if (size == 1) sign[0] = (char)code;
                    if (size == 2) sign[0] = (char)(0xC0 | code >> 6), sign[1] = (char)(0x80 | (code & 63));
                    if (size == 3) sign[0] = (char)(0xE0 | code >> 12), sign[1] = (char)(0x80 | (code >> 6 & 63)), sign[2] = (char)(0x80 | (code & 63));
                }
            }
            digest = story_digest(digest, sign, (size_t)size);
        }
    }
    return digest;
}

static uint64_t expected(uint32_t story) {
    char piece[PIECE_BYTES];
    uint64_t digest = STORY_DIGEST;
    for (int number = 0; number < pieces_wanted; number++) {
        int size = story_piece(&story, number, piece);
        digest = story_digest(digest, piece, (size_t)size);
    }
    return digest;
}

static void judge(Client *it) {
    double moment = now();
    if (it->status < 600) statuses[it->status]++;
    int closed = !streaming || (it->body_size && strstr(it->body, "data: [DONE]"));
    if (it->status != 200) {
        refused++;
    } else if (closed && said(it->body) == expected(it->story)) {
        right++;
        if (ids && it->id[0]) fprintf(ids, "whole %s\n", it->id);
        if (latency_count < MOST_LATENCIES) {
            latencies[latency_count] = (float)(moment - it->started);
            firsts[latency_count++] = (float)(it->first - it->started);
        }
        return;
    } else if (closed && strstr(it->body, "\"error\"")) {
        told++;
    } else if (closed && it->body_size && strstr(it->body, "content_filter")) {
        withheld++; /* the fixed answer of a guard: complete, and another one than the server's */
    } else {
        wrong++;
    }
    if (!example[0]) snprintf(example, sizeof example, "%d %s", it->status, it->body_size ? it->body : "");
}

static void receive(Client *it, int number) {
    if (it->in_room - it->in_size < 65536) {
        it->in_room = it->in_room * 2 + 131072;
        it->in = realloc(it->in, it->in_room);
    }
    ssize_t got = recv(it->file, it->in + it->in_size, it->in_room - it->in_size - 1, 0);
    if (got < 0 && errno == EAGAIN) return;
    if (got <= 0) {
        if (it->busy) torn++;
        let_go(it);
        it->again = now() + 0.02;
        return;
    }
    bytes_in += (unsigned long long)got;
    it->in_size += (size_t)got;
    int done = take(it);
    if (it->body_size && it->first == 0) it->first = now();
    if (hangup_after && it->body_size >= (size_t)hangup_after) {
        hung_up++;
        let_go(it);
        it->again = now();
        return;
    }
    if (done) {
        judge(it);
        it->busy = 0;
        it->again = 0;
    }
    (void)number;
}

static int by_size(const void *one, const void *two) {
    float first = *(const float *)one, second = *(const float *)two;
    return (first > second) - (first < second);
}

static double at_share(const float *sorted, double share) {
    return latency_count ? sorted[(long)(share * (double)(latency_count - 1))] * 1e3 : 0;
}

int main(int count, char **arguments) {
    if (count < 14) return 2;
    signal(SIGPIPE, SIG_IGN);
    port = atoi(arguments[1]);
    path = arguments[2];
    model = arguments[3];
    int clients = atoi(arguments[4]);
    double seconds = atof(arguments[5]);
    long wanted = atol(arguments[6]);
    streaming = atoi(arguments[7]);
    next_story = (uint32_t)atol(arguments[8]);
    text = arguments[9];
    key = arguments[10];
    ids = *arguments[11] == '-' ? NULL : fopen(arguments[11], "w");
    hangup_after = atoi(arguments[12]);
    timeout_after = atof(arguments[13]);
    pieces_wanted = (int)story_number(text, "long-", PIECES);
    latencies = malloc(MOST_LATENCIES * sizeof *latencies);
    firsts = malloc(MOST_LATENCIES * sizeof *firsts);
    struct rlimit files = {65536, 65536};
    setrlimit(RLIMIT_NOFILE, &files);
    poller = epoll_create1(0);
    Client *all = calloc((size_t)clients, sizeof *all);
    double started = now();
    for (int number = 0; number < clients; number++) {
        all[number].file = -1;
        all[number].again = started;
    }
    struct epoll_event events[512];
    double checked = 0, moment = started;
    for (;;) {
        moment = now();
        int ending = (seconds > 0 && moment - started >= seconds) || (wanted > 0 && started_count >= wanted), busy = 0;
        for (int number = 0; number < clients; number++) {
            Client *it = &all[number];
            if (it->busy && moment - it->started > timeout_after) {
                timed_out++;
                let_go(it);
                it->again = moment;
            }
            if (!it->busy && !ending && it->again <= moment && !(wanted > 0 && started_count >= wanted)) {
                begin(it, number);
                if (it->busy) send_out(it, number);
            }
            busy += it->busy;
        }
        if (ending && (!busy || (seconds > 0 && moment - started > seconds + timeout_after))) break;
        int ready = epoll_wait(poller, events, 512, clients > 64 ? 1 : 20);
        for (int at = 0; at < ready; at++) {
            int number = (int)events[at].data.u32;
            Client *it = &all[number];
            if (it->file < 0) continue;
            if ((events[at].events & EPOLLOUT) && it->busy) send_out(it, number);
            if (events[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) receive(it, number);
        }
        (void)checked;
    }
    double took = now() - started;
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    if (ids) fclose(ids);
    qsort(latencies, (size_t)latency_count, sizeof *latencies, by_size);
    qsort(firsts, (size_t)latency_count, sizeof *firsts, by_size);
    for (char *at = example; *at; at++)
        if (*at == '"' || *at == '\\' || (unsigned char)*at < 32) *at = '\'';
    printf("{\"seconds\":%.4f,\"started\":%ld,\"right\":%ld,\"wrong\":%ld,\"refused\":%ld,\"withheld\":%ld,\"told\":%ld,\"torn\":%ld,\"timed_out\":%ld,"
           "\"hung_up\":%ld,\"bytes\":%llu,\"cpu\":%.3f,\"p50\":%.4f,\"p90\":%.4f,\"p99\":%.4f,\"first_p50\":%.4f,\"first_p99\":%.4f,"
           "\"example\":\"%s\"}\n",
           took, started_count, right, wrong, refused, withheld, told, torn, timed_out, hung_up, bytes_in,
           used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6,
           at_share(latencies, 0.5), at_share(latencies, 0.9), at_share(latencies, 0.99), at_share(firsts, 0.5), at_share(firsts, 0.99), example);
    return 0;
}
