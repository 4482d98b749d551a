package engine

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/containerd/errdefs"
	"github.com/docker/docker/client"
)

// IsNotFound reports whether the engine said that it has no such object.
func IsNotFound(err error) bool { return errdefs.IsNotFound(err) }

// IsConflict reports whether the engine said that a name is taken or an object is in use.
func IsConflict(err error) bool { return errdefs.IsConflict(err) }

// IsInUse reports whether a name is taken, or a volume in use, as the engine words it: not every conflict is that.
func IsInUse(err error) bool { return IsConflict(err) && strings.Contains(err.Error(), "in use") }

// IsPortTaken reports whether a start failed because the published port is in use by another program. Engines have no
// error code for it, only these messages: of libnetwork's portallocator, of bind(2) as Go prints it, of Docker Desktop, and
// of Windows for a port that the system keeps for itself (docker/for-win#12417).
func IsPortTaken(err error) bool {
	return err != nil && portTaken.MatchString(err.Error())
}

var portTaken = regexp.MustCompile(`port is already allocated|address already in use|[Pp]orts are not available|` +
	`forbidden by its access permissions`)

// SpaceHint says what to do when an engine's disk is full.
const SpaceHint = "`docker system df` shows what takes the engine's disk; `docker bmo prune` and `docker builder prune` make room"

// FailureHint says what to do when an engine could not do what it was asked for.
const FailureHint = "the engine's own log may say why: `journalctl -u docker` on most Linux machines"

// IsNoSpace reports whether the engine's disk is full.
func IsNoSpace(err error) bool {
	return err != nil && strings.Contains(err.Error(), "no space left on device")
}

// IsFailure reports whether the engine itself is at fault: it is not there, no longer there, not usable, or could not
// do what it was asked for. A refusal, because it has no such object or one is in use, is not a failure, nor is what it says
// of a container that is going.
func IsFailure(err error) bool {
	var unavailable *UnavailableError
	var unusable *UnusableError
	var lost *LostError
	var silent *SilentError
	var strange *StrangeError
	var unconnected *unconnectedError
	return errors.As(err, &unavailable) || errors.As(err, &silent) || errors.As(err, &strange) || errors.As(err, &unconnected) ||
		errors.As(err, &unusable) || errors.As(err, &lost) || client.IsErrConnectionFailed(err) ||
		errdefs.IsInternal(err) && !goes.MatchString(err.Error()) || errdefs.IsUnavailable(err)
}

// UnusableError reports that an engine answered but cannot be used. Advice, if not empty, is a better hint than to take
// another engine.
type UnusableError struct{ Reason, Advice string }

func (e *UnusableError) Error() string { return e.Reason }

// Hint says what to do about it.
func (e *UnusableError) Hint() string {
	if e.Advice != "" {
		return e.Advice
	}
	return "upgrade the engine, or choose another one with `docker context use` or DOCKER_HOST"
}

// UnavailableError reports that no engine answered.
type UnavailableError struct {
	Host string
	Err  error
}

func (e *UnavailableError) Error() string {
	return fmt.Sprintf("cannot reach a docker engine at %s: %v", e.Host, e.Err)
}

// Unwrap returns the client's own error.
func (e *UnavailableError) Unwrap() error { return e.Err }

// Hint says what to check first.
func (e *UnavailableError) Hint() string {
	if u, err := url.Parse(e.Host); err == nil && u.Scheme == "ssh" {
		docker := "docker"
		if strings.Trim(u.Path, "/") != "" {
			docker += " --host=unix://" + u.Path
		}
		return fmt.Sprintf("`ssh %s %s version` must work without prompting; or choose another engine with `docker context use` or DOCKER_HOST",
			sshWords(e.Host), docker)
	}
	switch text := e.Err.Error(); {
	case strings.Contains(text, "permission denied"):
		return "join the group that may use the socket (`sudo usermod -aG docker $USER`, then log in again), or use sudo"
	case strings.Contains(text, "HTTP request to an HTTPS server"):
		return "the engine wants TLS: set DOCKER_TLS_VERIFY=1, and DOCKER_CERT_PATH to the folder of the certificates"
	case strings.Contains(text, "HTTP response to HTTPS client"):
		return "the engine speaks no TLS there: unset DOCKER_TLS_VERIFY, or give the port where it does"
	}
	return "start the engine, or choose another one with `docker context use` or DOCKER_HOST"
}

func unreachable(host string, err error) error {
	return &UnavailableError{Host: host, Err: connectionCause(err)}
}

// helperEnded matches how docker/cli (connhelper/commandconn) reports that ssh, or another helper it connects through,
// has ended.
var (
	helperEnded = regexp.MustCompile(helperWords + `((?s).*)`)
	// The same, as part of a longer text. ssh ends each of its lines with a carriage return; only the first one counts.
	helperEndedLine = regexp.MustCompile(helperWords + `([^\n\r"]*)(?:\r(?:\n[^\n]*\r)*\n)?`)
)

const helperWords = `command \[(\S+) [^\n]*?\] has exited with ([^\n]*?), make sure the URL is valid, [^\n]*?: stderr=`

// connectionCause returns why a connection to the engine failed, without the wrapping of the client, which repeats the
// host or makes one up, names a URL within the API, and asks whether the daemon is running.
func connectionCause(err error) error {
	if m := helperEnded.FindStringSubmatch(err.Error()); m != nil {
		if said := strings.TrimSpace(m[3]); said != "" {
			return errors.New(said)
		}
		return fmt.Errorf("%s: %s", m[1], m[2])
	}
	var request *url.Error
	var lookup *net.DNSError
	switch {
	case strange(err):
		return errors.New("what answers there is not a docker engine")
	case errors.Is(err, syscall.EACCES):
		return errors.New(syscall.EACCES.Error())
	case errors.As(err, &lookup):
		return fmt.Errorf("%s: %s", lookup.Name, lookup.Err) // without the name server
	case !client.IsErrConnectionFailed(err):
		return Plain(err)
	case errors.As(err, &request):
		return request.Err
	default:
		return errors.New("is it running?")
	}
}
