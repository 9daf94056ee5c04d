/* A model's server that costs next to nothing: one thread, epoll, chats of twenty pieces, streamed or whole.
 *
 * Usage: upstream PORT. The request's text says what to answer: "garden N" which story, "long-N" of how many pieces,
 * "pace-N" with so many milliseconds before each, "apart-1" each in a write of its own. After five pieces it dies for
 * "for my diary", stalls for "for my school" and sends garbage for "for my garden": words that no detector has a reason
 * to mind. GET /stats counts what was asked, answered and broken off.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "story.h"

#define MOST 65536
#define FAULT_AFTER 5

typedef struct {
    char *in, *out;
    size_t in_size, in_room, out_size, out_room, out_sent;
    int streaming, left, pace, apart, fault, number, waiting_to_write;
    uint32_t story;
    double due;
} Connection;

static Connection *connections[MOST];
static int poller, paced;
static long asked, answered, broken_off;

static double now(void) {
    struct timespec moment;
    clock_gettime(CLOCK_MONOTONIC, &moment);
    return moment.tv_sec + moment.tv_nsec / 1e9;
}

static void put(Connection *to, const char *bytes, size_t size) {
    if (to->out_size + size > to->out_room) {
        to->out_room = (to->out_size + size) * 2;
        to->out = realloc(to->out, to->out_room);
    }
    memcpy(to->out + to->out_size, bytes, size);
    to->out_size += size;
}

static void put_chunk(Connection *to, const char *bytes, size_t size) {
    char head[16];
    put(to, head, (size_t)snprintf(head, sizeof head, "%zx\r\n", size));
    put(to, bytes, size);
    put(to, "\r\n", 2);
}

static void close_connection(int file, int reset) {
    Connection *it = connections[file];
    if (it->left > 0 || it->fault) broken_off++;
    if (it->pace) paced--;
    if (reset) {
        struct linger hard = {1, 0};
        setsockopt(file, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    free(it->in);
    free(it->out);
    free(it);
    connections[file] = NULL;
    close(file);
}

static int flush_out(int file) {
    Connection *it = connections[file];
    while (it->out_sent < it->out_size) {
        ssize_t sent = send(file, it->out + it->out_sent, it->out_size - it->out_sent, MSG_NOSIGNAL);
        if (sent < 0 && errno == EAGAIN) break;
        if (sent <= 0) {
            close_connection(file, 0);
            return 0;
        }
        it->out_sent += (size_t)sent;
    }
    int waiting = it->out_sent < it->out_size;
    if (!waiting) it->out_sent = it->out_size = 0;
    if (waiting != it->waiting_to_write) {
        struct epoll_event event = {.events = EPOLLIN | (waiting ? EPOLLOUT : 0), .data.fd = file};
        epoll_ctl(poller, EPOLL_CTL_MOD, file, &event);
        it->waiting_to_write = waiting;
    }
    return 1;
}

/* One event of the stream; 0 where the connection is gone. */
static int say_piece(int file) {
    Connection *it = connections[file];
    char piece[PIECE_BYTES], event[512];
    if (it->fault && it->number == FAULT_AFTER) {
        if (it->fault == 'd') {
            if (flush_out(file)) close_connection(file, 1);
            return 0;
        }
        if (it->fault == 's') {
            it->left = 0;
            return 1;
        }
        put_chunk(it, "data: {\"choices\": [{\"index\": 0, \"del\n\n", 39);
    }
    story_piece(&it->story, it->number, piece);
    int size = snprintf(event, sizeof event,
                        "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":"
                        "\"mock\",\"choices\":[{\"index\":0,\"delta\":{%s\"content\":\"%s\"},\"finish_reason\":null}]}\n\n",
                        it->number ? "" : "\"role\":\"assistant\",", piece);
    put_chunk(it, event, (size_t)size);
    it->number++;
    if (--it->left == 0) {
        static const char last[] =
            "data: {\"id\":\"chatcmpl-1\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"mock\","
            "\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";
        put_chunk(it, last, sizeof last - 1);
        put(it, "0\r\n\r\n", 5);
        answered++;
        it->fault = 0;
        if (it->pace) paced--;
        it->pace = 0;
    }
    return 1;
}

static int answer(int file, const char *body) {
    static const char head[] =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\nTransfer-Encoding: chunked\r\n\r\n";
    Connection *it = connections[file];
    const char *told = strstr(body, "garden "), *fault = told ? strstr(told, "for my ") : NULL;
    asked++;
    if (!told) told = "";
    it->story = (uint32_t)story_number(told, "garden ", 1);
    it->left = (int)story_number(told, "long-", PIECES);
    it->pace = (int)story_number(told, "pace-", 0);
    it->apart = strstr(told, "apart-1") != NULL;
    it->fault = fault ? fault[7] : 0;
    it->number = 0;
    it->streaming = strstr(body, "\"stream\":true") || strstr(body, "\"stream\": true");
    if (it->streaming) {
        put(it, head, sizeof head - 1);
        if (it->pace) {
            paced++;
            it->due = now() + it->pace / 1e3;
            return flush_out(file);
        }
        while (it->left > 0) {
            if (!say_piece(file)) return 0;
            if (it->apart && !flush_out(file)) return 0;
        }
        return flush_out(file);
    }
    it->pace = 0;
    char *text = malloc((size_t)it->left * PIECE_BYTES + 1024), header[160];
    int size = sprintf(text, "{\"id\":\"chatcmpl-1\",\"object\":\"chat.completion\",\"created\":1790000000,\"model\":\"mock\","
                             "\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"");
    while (it->left-- > 0) size += story_piece(&it->story, it->number++, text + size);
    it->left = 0;
    size += sprintf(text + size, "\"},\"finish_reason\":\"stop\"}],\"usage\":{\"prompt_tokens\":9,\"completion_tokens\":20,"
                                 "\"total_tokens\":29}}");
    if (it->fault == 'g') size /= 2;  /* half of a JSON value, said to be all of it */
    put(it, header, (size_t)sprintf(header, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size));
    put(it, text, it->fault && it->fault != 'g' ? (size_t)size / 2 : (size_t)size);
    free(text);
    if (it->fault == 'd') {
        if (flush_out(file)) close_connection(file, 1);
        return 0;
    }
    if (!it->fault || it->fault == 'g') answered++;
    if (it->fault == 'g') it->fault = 0;
    return flush_out(file);
}

static int other(int file, const char *head) {
    char body[256], header[160];
    struct rusage used;
    getrusage(RUSAGE_SELF, &used);
    int size = strncmp(head, "GET /stats", 10) == 0
                   ? sprintf(body, "{\"asked\":%ld,\"answered\":%ld,\"broken_off\":%ld,\"cpu\":%.3f}", asked, answered, broken_off,
                             used.ru_utime.tv_sec + used.ru_stime.tv_sec + (used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e6)
                   : sprintf(body, "{\"object\":\"list\",\"data\":[{\"id\":\"mock\",\"object\":\"model\"}]}");
    put(connections[file], header,
        (size_t)sprintf(header, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n", size));
    put(connections[file], body, (size_t)size);
    return flush_out(file);
}

/* Takes whole requests out of what has come in; bodies come with a length or in chunks. */
static int take_requests(int file) {
    Connection *it = connections[file];
    while (it->in_size) {
        it->in[it->in_size] = 0;
        char *end = strstr(it->in, "\r\n\r\n");
        if (!end) return 1;
        size_t head = (size_t)(end - it->in) + 4, length = 0;
        *end = 0;
        char *sized = strcasestr(it->in, "\ncontent-length:");
        int chunked = strcasestr(it->in, "\ntransfer-encoding: chunked") != NULL;
        *end = '\r';
        if (chunked) {
            char *last = strstr(it->in + head, "0\r\n\r\n");
            if (!last) return 1;
            length = (size_t)(last - it->in) + 5 - head;
        } else if (sized) {
            length = (size_t)atol(sized + 16);
        }
        if (it->in_size < head + length) return 1;
        char kept = it->in[head + length];
        it->in[head + length] = 0;
        int alive = strncmp(it->in, "POST", 4) == 0 ? answer(file, it->in + head) : other(file, it->in);
        if (!alive) return 0;
        it->in[head + length] = kept;
        memmove(it->in, it->in + head + length, it->in_size - head - length);
        it->in_size -= head + length;
        if (it->left > 0 || it->fault) return 1;
    }
    return 1;
}

static void read_in(int file) {
    Connection *it = connections[file];
    for (;;) {
        if (it->in_room - it->in_size < 16384) {
            it->in_room = it->in_room * 2 + 32768;
            it->in = realloc(it->in, it->in_room);
        }
        ssize_t got = recv(file, it->in + it->in_size, it->in_room - it->in_size - 1, 0);
        if (got < 0 && errno == EAGAIN) break;
        if (got <= 0) {
            close_connection(file, 0);
            return;
        }
        it->in_size += (size_t)got;
        if ((size_t)got < it->in_room - it->in_size - 1) break;
    }
    take_requests(file);
}

static void accept_all(int listener) {
    int file, yes = 1;
    while ((file = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        if (file >= MOST) {
            close(file);
            continue;
        }
        setsockopt(file, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        connections[file] = calloc(1, sizeof(Connection));
        struct epoll_event event = {.events = EPOLLIN, .data.fd = file};
        epoll_ctl(poller, EPOLL_CTL_ADD, file, &event);
    }
}

static void keep_pace(void) {
    double moment = now();
    for (int file = 0; file < MOST; file++) {
        Connection *it = connections[file];
        if (!it || !it->pace || it->due > moment) continue;
        it->due += it->pace / 1e3;
        if (say_piece(file)) flush_out(file);
    }
}

int main(int count, char **arguments) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(count > 1 ? arguments[1] : "0")),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), yes = 1;
    struct rlimit files = {MOST, MOST};
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("listen");
        return 1;
    }
    poller = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[256];
    epoll_ctl(poller, EPOLL_CTL_ADD, listener, &event);
    for (;;) {
        int ready = epoll_wait(poller, events, 256, paced ? 1 : -1);
        for (int at = 0; at < ready; at++) {
            int file = events[at].data.fd;
            if (file == listener) {
                accept_all(listener);
            } else if (connections[file]) {
                if ((events[at].events & EPOLLOUT) && !flush_out(file)) continue;
                if (connections[file] && (events[at].events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_in(file);
            }
        }
        if (paced) keep_pace();
    }
}
