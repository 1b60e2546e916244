/* A disk that can be made read-only while it is used: as long as the file READ_ONLY_SWITCH exists, nothing that the
   process writes below READ_ONLY_FOLDER arrives. Loaded with LD_PRELOAD. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

static int is_off(void) {
  const char *name = getenv("READ_ONLY_SWITCH");
  return name && access(name, F_OK) == 0;
}

static int is_below(const char *path) {
  const char *folder = getenv("READ_ONLY_FOLDER");
  return folder && strncmp(path, folder, strlen(folder)) == 0;
}

static int refuses(int fd) {
  char link[64], path[4096];
  ssize_t length;
  if (!is_off()) return 0;
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return is_below(path);
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define GUARD(condition) do { if (condition) { errno = EROFS; return -1; } } while (0)

ssize_t write(int fd, const void *bytes, size_t count) { GUARD(refuses(fd)); return REAL(write)(fd, bytes, count); }
ssize_t writev(int fd, const struct iovec *parts, int count) { GUARD(refuses(fd)); return REAL(writev)(fd, parts, count); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t at) { GUARD(refuses(fd)); return REAL(pwrite64)(fd, bytes, count, at); }
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t at) { GUARD(refuses(fd)); return REAL(pwrite)(fd, bytes, count, at); }
int ftruncate(int fd, off_t length) { GUARD(refuses(fd)); return REAL(ftruncate)(fd, length); }
int ftruncate64(int fd, off64_t length) { GUARD(refuses(fd)); return REAL(ftruncate64)(fd, length); }
int unlink(const char *path) { GUARD(is_off() && is_below(path)); return REAL(unlink)(path); }
int rename(const char *from, const char *to) { GUARD(is_off() && is_below(to)); return REAL(rename)(from, to); }
int mkdir(const char *path, mode_t mode) { GUARD(is_off() && is_below(path)); return REAL(mkdir)(path, mode); }

static int opening(const char *name, const char *path, int flags, mode_t mode) {
  int (*real)(const char *, int, ...) = (int (*)(const char *, int, ...))dlsym(RTLD_NEXT, name);
  GUARD((flags & (O_WRONLY | O_RDWR | O_CREAT)) && is_off() && is_below(path));
  return real(path, flags, mode);
}

#define MODE mode_t mode = 0; if (flags & O_CREAT) { va_list more; va_start(more, flags); mode = va_arg(more, mode_t); va_end(more); }
int open(const char *path, int flags, ...) { MODE return opening("open", path, flags, mode); }
int open64(const char *path, int flags, ...) { MODE return opening("open64", path, flags, mode); }
