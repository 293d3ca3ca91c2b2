/*
 * The system's entropy, always the same. The keys of hash maps, and so the order in which they are walked, come from
 * getrandom, and so does the seed of tokio's select!. Rust's standard library lets whoever defines the symbol answer.
 *
 * A run is one thread in one process: what is asked for is asked for in the same order each time.
 */
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

static uint64_t state = 0x6c6f717561740000u;

ssize_t getrandom(void *buffer, size_t length, unsigned int flags) {
    unsigned char *bytes = buffer;
    (void)flags;
    for (size_t index = 0; index < length; index++) {
        /* splitmix64 */
        uint64_t mixed = (state += 0x9e3779b97f4a7c15u);
        mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        bytes[index] = (unsigned char)(mixed >> 56);
    }
    return (ssize_t)length;
}
