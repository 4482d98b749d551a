package enginetest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"

	"github.com/docker/docker/api/types/filters"
)

// action carries out a request and returns the response. An action that responds by itself returns errAnswered.
type action func(w http.ResponseWriter, r *http.Request) (any, error)

// errAnswered is returned by actions that have responded by themselves.
var errAnswered = errors.New("answered")

func (f *Fake) handler() http.Handler {
	mux := http.NewServeMux()
	for pattern, a := range map[string]action{
		"GET /_ping": f.ping, "HEAD /_ping": f.ping, "GET /version": f.version, "GET /info": f.info,
		"GET /system/df": f.diskUsage, "GET /events": f.streamEvents,

		"POST /containers/create": f.createContainer, "GET /containers/json": f.listContainers,
		"GET /containers/{id}/json": f.inspectContainer, "POST /containers/{id}/rename": f.renameContainer,
		"DELETE /containers/{id}": f.removeContainer, "POST /containers/{id}/start": f.startContainer,
		"POST /containers/{id}/kill": f.killContainer, "POST /containers/{id}/stop": f.stopContainer,
		"POST /containers/{id}/pause": f.pauseContainer, "POST /containers/{id}/unpause": f.unpauseContainer,
		"POST /containers/{id}/wait": f.waitContainer, "POST /containers/{id}/attach": f.attachContainer,
		"GET /containers/{id}/logs": f.logs, "POST /containers/{id}/exec": f.createExec, "POST /exec/{id}/start": f.startExec,
		"GET /exec/{id}/json": f.inspectExec, "GET /containers/{id}/stats": f.containerStats,

		"PUT /containers/{id}/archive": f.putArchive, "GET /containers/{id}/archive": f.getArchive,
		"GET /containers/{id}/changes": f.changes,

		"POST /images/create": f.importImage, "GET /images/get": f.saveImages, "POST /images/load": f.loadImages,
		"POST /commit": f.commit, "GET /images/json": f.listImages, "GET /images/{name...}": f.inspectImage,
		"DELETE /images/{name...}": f.removeImage, "POST /images/{name...}": f.tagImage,

		"POST /networks/create": f.createNetwork, "GET /networks": f.listNetworks, "DELETE /networks/{id}": f.removeNetwork,
		"POST /volumes/create": f.createVolume, "GET /volumes": f.listVolumes, "DELETE /volumes/{name}": f.removeVolume,
	} {
		mux.HandleFunc(pattern, f.serve(a))
	}
	mux.HandleFunc("/", f.serve(func(_ http.ResponseWriter, r *http.Request) (any, error) {
		return nil, &fault{http.StatusNotImplemented, "the fake engine has no " + r.Method + " " + r.URL.Path}
	}))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r.URL.Path = unversioned(r.URL.Path)
		mux.ServeHTTP(w, r)
	})
}

// serve runs an action with its hooks.
func (f *Fake) serve(a action) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		before, after, fail := f.note(r)
		for _, fn := range before {
			fn(r)
		}
		if fail != nil {
			writeError(w, fail)
			return
		}
		body, err := a(w, r)
		if errors.Is(err, errAnswered) {
			return
		}
		for _, fn := range after {
			fn(r)
		}
		if err != nil {
			writeError(w, err)
			return
		}
		writeJSON(w, http.StatusOK, body)
	}
}

func writeError(w http.ResponseWriter, err error) {
	status := http.StatusInternalServerError
	var ft *fault
	if errors.As(err, &ft) {
		status = ft.status
	}
	writeJSON(w, status, map[string]string{"message": err.Error()})
}

func writeJSON(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// hijack takes over a connection from HTTP, for a stream in docker's multiplexed format.
func hijack(w http.ResponseWriter) (net.Conn, error) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, err
	}
	_, err = fmt.Fprint(conn, "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.multiplexed-stream\r\n"+
		"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
	return conn, err
}

// labelled reports whether labels match a listing's filters.
func labelled(r *http.Request, labels map[string]string) (bool, error) {
	args, err := filters.FromJSON(r.URL.Query().Get("filters"))
	if err != nil {
		return false, &fault{http.StatusBadRequest, err.Error()}
	}
	return args.MatchKVList("label", labels), nil
}

func notFound(kind, name string) error {
	return &fault{http.StatusNotFound, fmt.Sprintf("No such %s: %s", kind, name)}
}

func conflict(format string, args ...any) error {
	return &fault{http.StatusConflict, fmt.Sprintf(format, args...)}
}
