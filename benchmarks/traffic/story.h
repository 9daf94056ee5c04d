/* What the upstream says, and the driver expects: pieces of text that follow from a number alone. */
#ifndef STORY_H
#define STORY_H

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define PIECES 20
#define PIECE_BYTES 24

static const char *const WORDS[] = {
    "bread", "garden", "library", "window", "river", "candle", "meadow", "pencil", "apple", "winter", "music",
    "basket", "harbour", "letter", "morning", "naïve", "süß", "cloud", "kitchen", "ladder", "market", "orchard",
    "paper", "quiet", "road", "silver", "table", "umbrella", "village", "wool", "yellow", "zebra"};

/* An ordinary sentence; a NULL is one of the words above. */
static const char *const SENTENCE[PIECES] = {"The", "library", "keeps", "a", NULL, "beside", "the", NULL, "and", "a",
                                             NULL, "near", "the", NULL, "so", "that", "readers", "find", "a", NULL};

static inline uint32_t story_next(uint32_t *state) {
    *state = *state * 1664525u + 1013904223u;
    return *state >> 16;
}

/* Writes a piece: the caller keeps the state, which starts as the story's number. */
static inline int story_piece(uint32_t *state, int number, char *into) {
    const char *word = SENTENCE[number % PIECES];
    if (!word) word = WORDS[story_next(state) % (sizeof WORDS / sizeof *WORDS)];
    return snprintf(into, PIECE_BYTES, "%s%s", word, number % PIECES == PIECES - 1 ? ". " : " ");
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
