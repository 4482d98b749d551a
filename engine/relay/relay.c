/*
 * relay leads its standard streams to a port of the loopback interface. It is put into a container that shares the
 * network of one whose image has no bash, so it brings all it needs: no C library, no file of the image.
 *
 *   relay sleep             waits for SIGTERM or SIGINT; process 1 of that container
 *   relay PORT              says "waiting", reads a line, connects to 127.0.0.1:PORT, says "connected", and copies both ways
 *   relay PORT ADDRESS TO   says "waiting", reads a line, leads connections to 127.0.0.1:PORT to port TO of an IPv4 address,
 *                           says "connected", and goes on in the background
 *   relay PORT ADDRESS TO stay   leads them there, and goes on in the foreground; process 1 of a container
 *
 * What it says and when is the same as in the script in tunnel.go. "make relay" compiles it.
 */

typedef unsigned long u64;

#if defined(__x86_64__)
enum { READ = 0, WRITE = 1, CLOSE = 3, SIGACTION = 13, SIGPROCMASK = 14, SOCKET = 41, CONNECT = 42, ACCEPT = 43,
       SHUTDOWN = 48, BIND = 49, LISTEN = 50, SETSOCKOPT = 54, CLONE = 56, FCNTL = 72, SETSID = 112, SIGTIMEDWAIT = 128,
       EXIT = 231, PPOLL = 271 };

static long sys(long n, u64 a, u64 b, u64 c, u64 d, u64 e) {
	long r;
	register u64 r10 __asm__("r10") = d;
	register u64 r8 __asm__("r8") = e;
	__asm__ volatile("syscall" : "=a"(r) : "a"(n), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8) : "rcx", "r11", "memory");
	return r;
}

__asm__(".globl _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall start\n");
#elif defined(__aarch64__)
enum { READ = 63, WRITE = 64, CLOSE = 57, SIGACTION = 134, SIGPROCMASK = 135, SOCKET = 198, CONNECT = 203, ACCEPT = 202,
       SHUTDOWN = 210, BIND = 200, LISTEN = 201, SETSOCKOPT = 208, CLONE = 220, FCNTL = 25, SETSID = 157, SIGTIMEDWAIT = 137,
       EXIT = 94, PPOLL = 73 };

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

enum { AF_INET = 2, SOCK_STREAM = 1, SOL_SOCKET = 1, SO_REUSEADDR = 2, SHUT_WR = 1 };
enum { F_SETFL = 4, O_NONBLOCK = 04000, EAGAIN = 11, EINTR = 4, EADDRINUSE = 98 };
enum { POLLIN = 1, POLLOUT = 4, POLLERR = 8, POLLHUP = 16 };
enum { SIGINT = 2, SIGTERM = 15, SIGCHLD = 17 };

struct pollfd { int fd; short events, revents; };
struct timespec { long sec, nsec; };

/* How long to wait for a server to listen: 75 times 20 ms, as the script does. */
enum { TRIES = 75, PAUSE = 20 * 1000 * 1000 };

static void die(int code) {
	for (;;)
		sys(EXIT, (u64)code, 0, 0, 0, 0);
}

static void say(int fd, const char *s) {
	u64 n = 0;
	while (s[n])
		n++;
	sys(WRITE, (u64)fd, (u64)s, n, 0, 0);
}

static int poll(struct pollfd *fds, u64 n, long nsec) {
	struct timespec t = {0, nsec};
	return (int)sys(PPOLL, (u64)fds, n, nsec < 0 ? 0 : (u64)&t, 0, 0);
}

/* The signals are blocked and waited for: process 1 is sent none that it does not expect. */
static void sleep_until_told(void) {
	u64 set = 1ul << (SIGTERM - 1) | 1ul << (SIGINT - 1);
	sys(SIGPROCMASK, 0, (u64)&set, 0, sizeof set, 0);
	while (sys(SIGTIMEDWAIT, (u64)&set, 0, 0, sizeof set, 0) < 0)
		;
	die(0);
}

static void wait_for_word(void) {
	char c = 0;
	while (c != '\n')
		if (sys(READ, 0, (u64)&c, 1, 0, 0) != 1)
			die(1);
}

/* A port of an IPv4 address, as system calls have it. */
struct addr {
	unsigned char b[16];
};

static const unsigned char loopback[4] = {127, 0, 0, 1};

static struct addr addr_of(const unsigned char *ip, unsigned port) {
	struct addr a = {{AF_INET, 0, (unsigned char)(port >> 8), (unsigned char)port, ip[0], ip[1], ip[2], ip[3]}};
	return a;
}

static int try_connect(const struct addr *to) {
	long fd = sys(SOCKET, AF_INET, SOCK_STREAM, 0, 0, 0);
	if (fd < 0)
		return -1;
	if (sys(CONNECT, (u64)fd, (u64)to, sizeof *to, 0, 0) == 0)
		return (int)fd;
	sys(CLOSE, (u64)fd, 0, 0, 0, 0);
	return -1;
}

static int connect_to(unsigned port, const char *name) {
	struct addr to = addr_of(loopback, port);
	for (int i = 0; i < TRIES; i++) {
		int fd = try_connect(&to);
		if (fd >= 0)
			return fd;
		struct pollfd in = {0, 0, 0}; /* only its end is of interest */
		if (poll(&in, 1, PAUSE) > 0)
			die(1);
	}
	say(2, "nothing listens on port ");
	say(2, name);
	say(2, "\n");
	die(1);
	return -1;
}

/* One direction of the connection: what has been read from one descriptor and not yet been written to the other. */
struct pipe {
	int from, to;
	int ended;
	u64 begin, end;
	char buf[16384];
};

static struct pipe out, in;

static int blocked(long r) { return r == -EAGAIN || r == -EINTR; }

/* fill reads; if there is nothing left to come, it notes that. */
static void fill(struct pipe *p) {
	long n = sys(READ, (u64)p->from, (u64)p->buf, sizeof p->buf, 0, 0);
	if (n > 0) {
		p->begin = 0;
		p->end = (u64)n;
	} else if (!blocked(n)) {
		p->ended = 1;
	}
}

/* drain writes what has been read. */
static void drain(struct pipe *p) {
	long n = sys(WRITE, (u64)p->to, (u64)(p->buf + p->begin), p->end - p->begin, 0, 0);
	if (n >= 0)
		p->begin += (u64)n;
	else if (!blocked(n))
		die(0);
}

/*
 * copy copies both ways, from and to what is read and written on one side and a socket on the other: until one side has
 * ended and all it sent has been passed on, or with halves, where the other side is a socket, too, until both have.
 */
static void copy(int from, int to, int fd, int halves) {
	out.from = in.to = fd;
	out.to = to;
	in.from = from;
	sys(FCNTL, (u64)from, F_SETFL, O_NONBLOCK, 0, 0);
	sys(FCNTL, (u64)to, F_SETFL, O_NONBLOCK, 0, 0);
	sys(FCNTL, (u64)fd, F_SETFL, O_NONBLOCK, 0, 0);
	struct pipe *both[2] = {&out, &in};
	for (int open = 2;;) {
		struct pollfd fds[2];
		for (int i = 0; i < 2; i++) {
			struct pipe *p = both[i];
			int full = p->begin < p->end;
			if (!full && p->ended && p->to >= 0) {
				if (!halves || --open == 0)
					die(0);
				sys(SHUTDOWN, (u64)p->to, SHUT_WR, 0, 0, 0);
				p->to = p->from = -1;
			}
			fds[i].fd = full ? p->to : p->from;
			fds[i].events = full ? POLLOUT : POLLIN;
			fds[i].revents = 0;
		}
		if (poll(fds, 2, -1) < 0)
			continue;
		for (int i = 0; i < 2; i++) {
			if (!fds[i].revents)
				continue;
			if (fds[i].events == POLLOUT)
				drain(both[i]);
			else
				fill(both[i]);
		}
	}
}

static unsigned number(const char *s) {
	unsigned n = 0;
	for (; *s >= '0' && *s <= '9'; s++)
		n = n * 10 + (unsigned)(*s - '0');
	return *s ? 0 : n;
}

/* address reads four numbers with dots between them. */
static int address(const char *s, unsigned char *ip) {
	for (int i = 0; i < 4; i++) {
		unsigned n = 0;
		int digits = 0;
		for (; *s >= '0' && *s <= '9' && digits < 3; s++, digits++)
			n = n * 10 + (unsigned)(*s - '0');
		if (digits == 0 || n > 255 || *s++ != (i < 3 ? '.' : 0))
			return 0;
		ip[i] = (unsigned char)n;
	}
	return 1;
}

static long fork(void) { return sys(CLONE, SIGCHLD, 0, 0, 0, 0); }

/* listen_at returns a socket that listens to a port of the loopback interface. */
static long listen_at(unsigned port) {
	struct addr at = addr_of(loopback, port);
	int on = 1;
	long fd = sys(SOCKET, AF_INET, SOCK_STREAM, 0, 0, 0);
	if (fd < 0)
		die(1);
	sys(SETSOCKOPT, (u64)fd, SOL_SOCKET, SO_REUSEADDR, (u64)&on, sizeof on);
	long r = sys(BIND, (u64)fd, (u64)&at, sizeof at, 0, 0);
	if (r == 0)
		r = sys(LISTEN, (u64)fd, 128, 0, 0, 0);
	if (r == -EADDRINUSE)
		say(2, "the port is in use\n"); /* saysInUse in loopback.go */
	if (r < 0)
		die(1);
	return fd;
}

/* background says that all is well, and goes on without those who listen to that. */
static void background(void) {
	long child = fork();
	if (child < 0)
		die(1);
	if (child > 0) {
		say(2, "connected\n");
		say(1, "connected\n");
		die(0);
	}
	sys(SETSID, 0, 0, 0, 0, 0);
	for (u64 i = 0; i < 3; i++)
		sys(CLOSE, i, 0, 0, 0, 0);
}

/* serve leads each connection to the address, in a process of its own. */
static void serve(unsigned port, const struct addr *to, int stay) {
	struct { /* as the kernel has it; the handler 1 is SIG_IGN: children need not be waited for */
		u64 handler, flags, restorer, mask;
	} ignore = {1, 0, 0, 0};
	if (!stay) {
		say(2, "waiting\n");
		wait_for_word();
	}
	long listener = listen_at(port);
	if (!stay)
		background();
	sys(SIGACTION, SIGCHLD, (u64)&ignore, 0, sizeof ignore.mask, 0);
	for (;;) {
		long client = sys(ACCEPT, (u64)listener, 0, 0, 0, 0);
		if (client < 0) {
			if (client != -EINTR)
				poll(0, 0, PAUSE); /* out of something, for a while */
			continue;
		}
		if (fork() == 0) {
			sys(CLOSE, (u64)listener, 0, 0, 0, 0);
			int server = try_connect(to);
			if (server < 0)
				die(1);
			copy((int)client, (int)client, server, 1);
		}
		sys(CLOSE, (u64)client, 0, 0, 0, 0);
	}
}

/* start is called with the initial stack: the number of arguments, then the arguments. */
__attribute__((used)) void start(u64 *stack) {
	char **args = (char **)(stack + 1);
	if (stack[0] != 2 && stack[0] != 4 && stack[0] != 5)
		die(2);
	if (args[1][0] == 's')
		sleep_until_told();
	unsigned port = number(args[1]);
	if (port == 0 || port > 65535)
		die(2);
	if (stack[0] > 2) {
		unsigned char ip[4];
		unsigned at = number(args[3]);
		if (!address(args[2], ip) || at == 0 || at > 65535)
			die(2);
		struct addr to = addr_of(ip, at);
		serve(port, &to, stack[0] == 5);
	}
	say(2, "waiting\n");
	wait_for_word();
	int fd = connect_to(port, args[1]);
	say(2, "connected\n");
	say(1, "connected\n");
	copy(0, 1, fd, 0);
}
