/* Disk fault injection: a library that is preloaded into the program under test (LD_PRELOAD) and makes selected writes and
 * syncs of selected files fail. A test controls the library, and reads its counters, through a small memory-mapped file; see
 * `fault.rs`. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/types.h>
#include <unistd.h>

enum operation { WRITE = 1, SYNC = 2, RESIZE = 4 };
enum verdict { PASS, SHORTEN, FAIL };

#define TRACED 3968

struct control {
    _Atomic uint32_t armed;
    uint32_t operations; /* operations that may fail: bits of enum operation */
    int32_t error;       /* errno that a failed operation sets */
    uint32_t limit;      /* number of operations that fail; 0: all operations after the first `after` ones */
    uint32_t shortened;  /* 1: the first affected write writes half of its bytes, as on an almost full disk */
    _Atomic uint32_t traced;
    uint64_t after; /* number of affected operations that succeed before the fault */
    _Atomic uint64_t matched;
    _Atomic uint64_t failed;
    char suffixes[80];     /* suffixes of the names of the affected files, separated by spaces */
    /* One byte for each operation on these files, including operations that succeed. Bits 0 to 3: the operation. Bits 4 to 6:
     * the number (from 1) of the suffix of the file. Bit 7: whether a fault was injected. */
    uint8_t trace[TRACED];
};

static struct control *control;

__attribute__((constructor)) static void map_control(void) {
    const char *name = getenv("DATELINE_TEST_FAULT_CONTROL");
    int file = name ? open(name, O_RDWR | O_CLOEXEC) : -1;
    if (file < 0) return;
    void *mapped = mmap(NULL, sizeof(struct control), PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    close(file);
    if (mapped != MAP_FAILED) control = mapped;
}

/* Returns the number (from 1) of the suffix with which the name of an open file ends; 0 if no suffix matches. */
static unsigned suffix_of(int file) {
    char link[40], path[4096], suffixes[sizeof control->suffixes];
    snprintf(link, sizeof link, "/proc/self/fd/%d", file);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length <= 0) return 0;
    path[length] = 0;
    memcpy(suffixes, control->suffixes, sizeof suffixes);
    suffixes[sizeof suffixes - 1] = 0;
    char *rest = NULL;
    unsigned number = 0;
    for (char *suffix = strtok_r(suffixes, " ", &rest); suffix; suffix = strtok_r(NULL, " ", &rest)) {
        number++;
        size_t size = strlen(suffix);
        if ((size_t)length >= size && strcmp(path + length - size, suffix) == 0) return number;
    }
    return 0;
}

static enum verdict decide(enum operation operation) {
    if (!(control->operations & operation)) return PASS;
    uint64_t number = atomic_fetch_add(&control->matched, 1);
    if (number < control->after) return PASS;
    uint64_t first = control->after;
    if (control->shortened && operation == WRITE) {
        if (number == first) return SHORTEN;
        first++;
    }
    return control->limit && number >= first + control->limit ? PASS : FAIL;
}

static enum verdict verdict(int file, enum operation operation) {
    if (!control || !atomic_load(&control->armed)) return PASS;
    int before = errno;
    unsigned suffix = suffix_of(file);
    errno = before;
    if (!suffix) return PASS;
    enum verdict verdict = decide(operation);
    uint32_t at = atomic_fetch_add(&control->traced, 1);
    if (at < TRACED) control->trace[at] = (uint8_t)(operation | suffix << 4 | (verdict == PASS ? 0 : 0x80));
    if (verdict == FAIL) {
        atomic_fetch_add(&control->failed, 1);
        errno = control->error;
    }
    return verdict;
}

#define REAL(name, type, ...)                                      \
    static type (*real)(__VA_ARGS__);                              \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, #name)

ssize_t write(int file, const void *bytes, size_t count) {
    REAL(write, ssize_t, int, const void *, size_t);
    switch (verdict(file, WRITE)) {
    case FAIL: return -1;
    case SHORTEN: return real(file, bytes, count > 1 ? count / 2 : count);
    default: return real(file, bytes, count);
    }
}

#define POSITIONED(name, offset)                                              \
    ssize_t name(int file, const void *bytes, size_t count, offset at) {      \
        REAL(name, ssize_t, int, const void *, size_t, offset);               \
        switch (verdict(file, WRITE)) {                                       \
        case FAIL: return -1;                                                 \
        case SHORTEN: return real(file, bytes, count > 1 ? count / 2 : count, at); \
        default: return real(file, bytes, count, at);                         \
        }                                                                     \
    }
POSITIONED(pwrite, off_t)
POSITIONED(pwrite64, off64_t)

#define SYNCING(name)                                      \
    int name(int file) {                                   \
        REAL(name, int, int);                              \
        return verdict(file, SYNC) == FAIL ? -1 : real(file); \
    }
SYNCING(fsync)
SYNCING(fdatasync)

#define RESIZING(name, offset)                                     \
    int name(int file, offset size) {                              \
        REAL(name, int, int, offset);                              \
        return verdict(file, RESIZE) == FAIL ? -1 : real(file, size); \
    }
RESIZING(ftruncate, off_t)
RESIZING(ftruncate64, off64_t)

#define ALLOCATING(name, offset)                                               \
    int name(int file, int mode, offset from, offset size) {                   \
        REAL(name, int, int, int, offset, offset);                             \
        return verdict(file, RESIZE) == FAIL ? -1 : real(file, mode, from, size); \
    }
ALLOCATING(fallocate, off_t)
ALLOCATING(fallocate64, off64_t)

/* Unlike the other functions, posix_fallocate returns the error instead of setting errno. */
#define RESERVING(name, offset)                                                    \
    int name(int file, offset from, offset size) {                                 \
        REAL(name, int, int, offset, offset);                                      \
        return verdict(file, RESIZE) == FAIL ? control->error : real(file, from, size); \
    }
RESERVING(posix_fallocate, off_t)
RESERVING(posix_fallocate64, off64_t)
