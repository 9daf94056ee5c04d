/* What the upstream says, and the driver expects: pieces of text that follow from a number alone. */
#ifndef STORY_H
#define STORY_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PIECES 20
#define PIECE_BYTES 24

/* An ordinary sentence that no classifier should mind; a NULL is a number of three digits. */
static const char *const SENTENCE[PIECES] = {"In ",  "the ",  "garden ", "behind ", "the ",  "house ", NULL,    " tulips ", "bloom", " today, ",
                                             "and ", "the ", "café ",  "nearby ", "serves ", "warm ",  "soup ", "at ",      "noon",  ". "};

static inline uint32_t story_next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Writes a piece: the caller keeps the state, which starts as the story's number. */
static inline int story_piece(uint32_t *state, int number, char *into) {
    const char *word = SENTENCE[number % PIECES];
    return word ? snprintf(into, PIECE_BYTES, "%s", word) : snprintf(into, PIECE_BYTES, "%u", 100 + story_next(state) % 900);
}

static inline uint64_t story_digest(uint64_t digest, const char *text, size_t size) {
    for (size_t at = 0; at < size; at++) {
        digest ^= (unsigned char)text[at];
        digest *= 1099511628211ull;
    }
    return digest;
}

#define STORY_DIGEST 14695981039346656037ull

/* The number behind a mark such as "long-" in a text, or otherwise. */
static inline long story_number(const char *text, const char *mark, long otherwise) {
    const char *found = strstr(text, mark);
    long number = otherwise;
    if (found) sscanf(found + strlen(mark), "%ld", &number);
    return number;
}

#endif
