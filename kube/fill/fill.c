/*
 * fill copies a folder with all that is in it, as root: modes, owners, times, symbolic and hard links, named pipes, and of the
 * extended attributes capabilities, access lists and those of users. It runs in a container of an image that has the content
 * of a volume and nothing else, so it brings all it needs: no C library, no file of the image.
 *
 *   fill FROM TO   TO is there as a whole or not at all; one that is there already is left as it is
 *
 * What it cannot keep is an error, but for sockets, which nobody listens to any more. "make relay" compiles it.
 */

typedef unsigned long u64;
typedef unsigned int u32;
typedef unsigned short u16;

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, BRK = 12, FCHMOD = 91, FCHOWN = 93, UMASK = 95, FSETXATTR = 190, FGETXATTR = 193,
       FLISTXATTR = 196, GETDENTS = 217, EXIT = 231, OPENAT = 257, MKDIRAT = 258, MKNODAT = 259, FCHOWNAT = 260, RENAMEAT = 264,
       LINKAT = 265, SYMLINKAT = 266, READLINKAT = 267, FCHMODAT = 268, UTIMENSAT = 280, STATX = 332 };
enum { O_DIRECTORY = 0200000, O_NOFOLLOW = 0400000 };

static long sys(long n, u64 a, u64 b, u64 c, u64 d, u64 e) {
	long r;
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return r;
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, CLOSE = 57, BRK = 214, FCHMOD = 52, FCHOWN = 55, UMASK = 166, FSETXATTR = 7, FGETXATTR = 10,
       FLISTXATTR = 13, GETDENTS = 61, EXIT = 94, OPENAT = 56, MKDIRAT = 34, MKNODAT = 33, FCHOWNAT = 54, RENAMEAT = 38,
       LINKAT = 37, SYMLINKAT = 36, READLINKAT = 78, FCHMODAT = 53, UTIMENSAT = 88, STATX = 291 };
enum { O_DIRECTORY = 040000, O_NOFOLLOW = 0100000 };

static long sys(long n, u64 a, u64 b, u64 c, u64 d, u64 e) {
	register long x8 __asm__("x8") = n;
	register u64 x0 __asm__("x0") = a;
	register u64 x1 __asm__("x1") = b;
	register u64 x2 __asm__("x2") = c;
	register u64 x3 __asm__("x3") = d;
	register u64 x4 __asm__("x4") = e;
	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4) : "memory");
	return (long)x0;
}

__asm__(".globl _start\n_start:\n\tmov x29, xzr\n\tmov x0, sp\n\tbl start\n");
#else
#error "no system calls for this processor"
#endif

enum { AT_FDCWD = -100, AT_SYMLINK_NOFOLLOW = 0x100 };
enum { O_RDONLY = 0, O_WRONLY = 1, O_CREAT = 0100, O_EXCL = 0200 };
enum { S_IFMT = 0170000, S_IFSOCK = 0140000, S_IFLNK = 0120000, S_IFREG = 0100000, S_IFDIR = 0040000 };
enum { EPERM = 1, ENOENT = 2, EINTR = 4, EIO = 5, EACCES = 13, EEXIST = 17, EMFILE = 24, ENOSPC = 28, EROFS = 30,
       ENAMETOOLONG = 36, EOPNOTSUPP = 95, EDQUOT = 122 };

struct timespec { long sec, nsec; };

/* What statx says; the same on all processors, unlike stat. */
struct stamp { long sec; u32 nsec; int pad; };
struct stat {
	u32 mask, blksize;
	u64 attributes;
	u32 nlink, uid, gid;
	u16 mode, pad;
	u64 ino, size, blocks, attributes_mask;
	struct stamp atime, btime, ctime, mtime;
	u32 rdev_major, rdev_minor, dev_major, dev_minor;
	u64 spare[14];
};
enum { STATX_BASIC_STATS = 0x7ff };

struct dirent {
	u64 ino;
	long off;
	u16 reclen;
	unsigned char type;
	char name[];
};

static u64 length(const char *s) {
	u64 n = 0;
	while (s[n])
		n++;
	return n;
}

static int begins(const char *s, const char *with) {
	while (*with)
		if (*s++ != *with++)
			return 0;
	return 1;
}

static int equal(const char *a, const char *b) { return begins(a, b) && a[length(b)] == 0; }

static void put(char *to, const char *s) {
	do
		*to++ = *s;
	while (*s++);
}

static void say(const char *s) { sys(WRITE, 2, (u64)s, length(s), 0, 0); }

static void say_number(u64 n) {
	char digits[24];
	int i = sizeof digits;
	digits[--i] = 0;
	do
		digits[--i] = (char)('0' + n % 10);
	while (n /= 10);
	say(digits + i);
}

static void leave(int code) {
	for (;;)
		sys(EXIT, (u64)code, 0, 0, 0, 0);
}

/* The path of what is being made, for messages and hard links. */
static char path[8192];

static const struct { int code; const char *text; } reasons[] = {
	{EPERM, "operation not permitted"}, {ENOENT, "no such file or directory"}, {EIO, "input/output error"},
	{EACCES, "permission denied"}, {EEXIST, "file exists"}, {EMFILE, "too many open files"},
	{ENOSPC, "no space left on device"}, {EROFS, "read-only file system"},
	{ENAMETOOLONG, "file name too long"}, {EOPNOTSUPP, "operation not supported"}, {EDQUOT, "disk quota exceeded"},
};

static void fail(const char *what, long r) {
	say("cannot ");
	say(what);
	say(" ");
	say(path);
	say(": ");
	for (u64 i = 0; i < sizeof reasons / sizeof *reasons; i++) {
		if (reasons[i].code == -r) {
			say(reasons[i].text);
			say("\n");
			leave(1);
		}
	}
	say("error ");
	say_number((u64)-r);
	say("\n");
	leave(1);
}

/* must ends the program if a system call has failed. */
static long must(const char *what, long r) {
	if (r < 0)
		fail(what, r);
	return r;
}

/* push appends a name to the path, and returns what takes it away again. */
static char *push(const char *name) {
	u64 n = length(path);
	if (n + length(name) + 2 > sizeof path)
		fail("make what is in", -ENAMETOOLONG);
	path[n] = '/';
	put(path + n + 1, name);
	return path + n;
}

/* grow returns memory, which is never given back. */
static void *grow(u64 size) {
	static u64 next, end;
	size = (size + 15) & ~15ul;
	if (next + size > end) {
		if (next == 0)
			next = end = (u64)sys(BRK, 0, 0, 0, 0, 0);
		u64 wanted = next + size + (1ul << 20);
		end = (u64)sys(BRK, wanted, 0, 0, 0, 0);
		if (end < wanted) {
			say("out of memory\n");
			leave(1);
		}
	}
	next += size;
	return (void *)(next - size);
}

/* Files with several names, and the first one that was made of each. */
struct link {
	struct link *next;
	u64 ino;
	u32 major, minor;
	char path[];
};

static struct link *links[1 << 14];

static struct link **bucket(const struct stat *s) { return &links[s->ino & ((1 << 14) - 1)]; }

/* linked makes another name of a file that has been copied already. */
static int linked(int to, const char *name, const struct stat *s) {
	for (struct link *l = *bucket(s); l; l = l->next) {
		if (l->ino == s->ino && l->major == s->dev_major && l->minor == s->dev_minor) {
			must("link", sys(LINKAT, (u64)AT_FDCWD, (u64)l->path, (u64)to, (u64)name, 0));
			return 1;
		}
	}
	return 0;
}

static void remember(const struct stat *s) {
	struct link *l = grow(sizeof *l + length(path) + 1);
	l->ino = s->ino;
	l->major = s->dev_major;
	l->minor = s->dev_minor;
	put(l->path, path);
	l->next = *bucket(s);
	*bucket(s) = l;
}

static char buffer[1 << 18];

static int kept_attribute(const char *name) {
	return begins(name, "user.") || equal(name, "security.capability") || begins(name, "system.posix_acl_");
}

static void copy_attributes(int in, int out) {
	static char names[1 << 16];
	long n = sys(FLISTXATTR, (u64)in, (u64)names, sizeof names, 0, 0);
	if (n == -EOPNOTSUPP)
		return;
	must("list the attributes of", n);
	for (char *name = names; name < names + n; name += length(name) + 1) {
		if (!kept_attribute(name))
			continue;
		long size = must("read an attribute of", sys(FGETXATTR, (u64)in, (u64)name, (u64)buffer, sizeof buffer, 0));
		must("set an attribute of", sys(FSETXATTR, (u64)out, (u64)name, (u64)buffer, (u64)size, 0));
	}
}

/* times_of fills in when a file was read and changed last. */
static u64 times_of(const struct stat *s, struct timespec *t) {
	t[0].sec = s->atime.sec;
	t[0].nsec = s->atime.nsec;
	t[1].sec = s->mtime.sec;
	t[1].nsec = s->mtime.nsec;
	return (u64)t;
}

/* finish gives an open file all but its content: the owner first, since a change of that takes rights away. */
static void finish(int in, int out, const struct stat *s) {
	struct timespec t[2];
	must("change the owner of", sys(FCHOWN, (u64)out, s->uid, s->gid, 0, 0));
	copy_attributes(in, out);
	must("change the mode of", sys(FCHMOD, (u64)out, s->mode & 07777, 0, 0, 0));
	must("change the times of", sys(UTIMENSAT, (u64)out, 0, times_of(s, t), 0, 0));
	sys(CLOSE, (u64)in, 0, 0, 0, 0);
	sys(CLOSE, (u64)out, 0, 0, 0, 0);
}

static int open_in(int from, const char *name, int flags) {
	return (int)must("read", sys(OPENAT, (u64)from, (u64)name, O_RDONLY | O_NOFOLLOW | (u64)flags, 0, 0));
}

static void copy_file(int from, int to, const char *name, const struct stat *s) {
	int in = open_in(from, name, 0);
	int out = (int)must("make", sys(OPENAT, (u64)to, (u64)name, O_WRONLY | O_CREAT | O_EXCL, 0600, 0));
	for (;;) {
		long n = sys(READ, (u64)in, (u64)buffer, sizeof buffer, 0, 0);
		if (n == -EINTR)
			continue;
		if (must("read", n) == 0)
			break;
		for (long done = 0; done < n;) {
			long w = sys(WRITE, (u64)out, (u64)(buffer + done), (u64)(n - done), 0, 0);
			if (w != -EINTR)
				done += must("write", w);
		}
	}
	finish(in, out, s);
}

static void copy_symlink(int from, int to, const char *name) {
	long n = must("read", sys(READLINKAT, (u64)from, (u64)name, (u64)buffer, sizeof buffer - 1, 0));
	buffer[n] = 0;
	must("make", sys(SYMLINKAT, (u64)buffer, (u64)to, (u64)name, 0, 0));
}

/* finish_name does what finish does for what is not opened: symbolic links, pipes and devices. */
static void finish_name(int to, const char *name, const struct stat *s) {
	struct timespec t[2];
	must("change the owner of", sys(FCHOWNAT, (u64)to, (u64)name, s->uid, s->gid, AT_SYMLINK_NOFOLLOW));
	if ((s->mode & S_IFMT) != S_IFLNK)
		must("change the mode of", sys(FCHMODAT, (u64)to, (u64)name, s->mode & 07777, 0, 0));
	must("change the times of", sys(UTIMENSAT, (u64)to, (u64)name, times_of(s, t), AT_SYMLINK_NOFOLLOW, 0));
}

static void copy_special(int to, const char *name, const struct stat *s) {
	u64 device = (s->rdev_minor & 0xff) | (u64)s->rdev_major << 8 | (u64)(s->rdev_minor & ~0xffu) << 12;
	must("make", sys(MKNODAT, (u64)to, (u64)name, s->mode, device, 0));
}

static void examine(int from, const char *name, struct stat *s) {
	must("look at", sys(STATX, (u64)from, (u64)name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, (u64)s));
}

static void copy(int from, int to, const char *name);

/* copy_folder makes a folder by another name, so that the outermost one can have its own only when it is whole. */
static void copy_folder(int from, const char *name, int to, const char *new_name) {
	struct stat s;
	char entries[2048] __attribute__((aligned(8)));
	long n;
	examine(from, name, &s);
	int in = open_in(from, name, O_DIRECTORY);
	must("make", sys(MKDIRAT, (u64)to, (u64)new_name, 0700, 0, 0));
	int out = (int)must("open", sys(OPENAT, (u64)to, (u64)new_name, O_RDONLY | O_NOFOLLOW | O_DIRECTORY, 0, 0));
	while ((n = must("list", sys(GETDENTS, (u64)in, (u64)entries, sizeof entries, 0, 0))) > 0) {
		for (long at = 0; at < n;) {
			struct dirent *d = (struct dirent *)(entries + at);
			at += d->reclen;
			if (!equal(d->name, ".") && !equal(d->name, ".."))
				copy(in, out, d->name);
		}
	}
	finish(in, out, &s);
}

/* copy copies what is called name from one folder to another. */
static void copy(int from, int to, const char *name) {
	struct stat s;
	char *end = push(name);
	examine(from, name, &s);
	int kind = s.mode & S_IFMT, several = kind != S_IFDIR && s.nlink > 1;
	if (kind == S_IFSOCK || (several && linked(to, name, &s))) {
		*end = 0;
		return;
	}
	if (kind == S_IFDIR) {
		copy_folder(from, name, to, name);
	} else if (kind == S_IFREG) {
		copy_file(from, to, name, &s);
	} else {
		if (kind == S_IFLNK)
			copy_symlink(from, to, name);
		else
			copy_special(to, name, &s);
		finish_name(to, name, &s);
	}
	if (several)
		remember(&s);
	*end = 0;
}

/* start is called with the initial stack: the number of arguments, then the arguments. */
__attribute__((used)) void start(u64 *stack) {
	char **args = (char **)(stack + 1);
	struct stat s;
	if (stack[0] != 3 || length(args[2]) + 5 > sizeof path) {
		say("usage: fill FROM TO\n");
		leave(2);
	}
	if (sys(STATX, (u64)AT_FDCWD, (u64)args[2], AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS, (u64)&s) == 0)
		leave(0);
	put(path, args[2]);
	put(path + length(path), ".new");
	sys(UMASK, 0, 0, 0, 0, 0);
	copy_folder(AT_FDCWD, args[1], AT_FDCWD, path);
	must("rename", sys(RENAMEAT, (u64)AT_FDCWD, (u64)path, (u64)AT_FDCWD, (u64)args[2], 0));
	leave(0);
}
