package kubetest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// path splits the path of a request: /api/v1/namespaces/NS/RESOURCE[/NAME[/PART]].
func path(url string) (resource, name, part string) {
	_, rest, _ := strings.Cut(url, "/namespaces/")
	words := append(strings.Split(rest, "/"), "", "", "")
	return words[1], words[2], words[3]
}

var verbs = map[string]string{"POST": "create", "DELETE": "delete", "PATCH": "patch", "GET": "list"}

func (c *Cluster) serve(w http.ResponseWriter, r *http.Request) {
	resource, name, part := path(r.URL.Path)
	verb, of := verbs[r.Method], resource
	switch {
	case r.URL.Query().Get("watch") == "true" || r.URL.Query().Get("watch") == "1":
		verb = "watch"
	case r.Method == http.MethodGet && name != "":
		verb = "get"
	}
	if part != "" {
		of += "/" + part
	}
	f := c.fault(verb + " " + of)
	switch {
	case f != nil && f.lost && !f.done:
		panic(http.ErrAbortHandler)
	case f != nil && f.lost:
		defer panic(http.ErrAbortHandler)
		w = httptest.NewRecorder()
	case f != nil:
		reply(w, int(f.reply.Code), f.reply)
		return
	}
	switch {
	case part == "log":
		c.log(w, r, name)
	case part == "portforward":
		c.portForward(w, r, name)
	case part == "exec":
		c.exec(w, r, name)
	case verb == "watch":
		c.watch(w, r, resource)
	default:
		c.mu.Lock()
		defer c.mu.Unlock()
		c.do(w, r, verb, resource, name)
	}
}

// fault notes a request, and returns what is to become of it, nil if that is what it asks for.
func (c *Cluster) fault(what string) *fault {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked[what]++
	for _, f := range c.faults {
		if f.what == what && f.times > 0 {
			f.times--
			return f
		}
	}
	return nil
}

func reply(w http.ResponseWriter, code int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body)
}

func refuse(w http.ResponseWriter, code int, reason metav1.StatusReason, message string) {
	reply(w, code, metav1.Status{
		TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusFailure, Code: int32(code), Reason: reason, Message: message,
	})
}

func (c *Cluster) do(w http.ResponseWriter, r *http.Request, verb, resource, name string) {
	o, there := c.objects[resource][name]
	if name != "" && !there {
		refuse(w, http.StatusNotFound, metav1.StatusReasonNotFound, fmt.Sprintf("%s %q not found", resource, name))
		return
	}
	switch verb {
	case "list":
		c.list(w, r, resource)
	case "get":
		reply(w, http.StatusOK, o)
	case "create":
		c.create(w, r, resource)
	case "delete":
		var how metav1.DeleteOptions
		if json.NewDecoder(r.Body).Decode(&how) == nil && how.Preconditions != nil && how.Preconditions.ResourceVersion != nil &&
			*how.Preconditions.ResourceVersion != strconv.Itoa(versionOf(o)) {
			refuse(w, http.StatusConflict, metav1.StatusReasonConflict, fmt.Sprintf("%s %q has another version", resource, name))
			return
		}
		c.remove(resource, name)
		reply(w, http.StatusOK, metav1.Status{TypeMeta: metav1.TypeMeta{APIVersion: "v1", Kind: "Status"}, Status: metav1.StatusSuccess})
	case "patch":
		c.patch(w, r, resource, name, o)
	}
}

func (c *Cluster) list(w http.ResponseWriter, r *http.Request, resource string) {
	selector, err := labels.Parse(r.URL.Query().Get("labelSelector"))
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	items := []object{}
	for _, o := range c.objects[resource] {
		if selector.Matches(labels.Set(labelsOf(o))) && fieldsMatch(r.URL.Query().Get("fieldSelector"), o) {
			items = append(items, o)
		}
	}
	slices.SortFunc(items, func(a, b object) int { return versionOf(a) - versionOf(b) })
	kind, version := strings.ToUpper(resource[:1])+strings.TrimSuffix(resource[1:], "s")+"List", "v1"
	if resource == "jobs" {
		version = "batch/v1"
	}
	reply(w, http.StatusOK, object{"kind": kind, "apiVersion": version, "metadata": object{"resourceVersion": strconv.Itoa(c.version)}, "items": items})
}

func versionOf(o object) int {
	n, _ := strconv.Atoi(fmt.Sprint(o["metadata"].(map[string]any)["resourceVersion"]))
	return n
}

// fieldsMatch reports whether an object has the fields A.B=C of a selector.
func fieldsMatch(selector string, o object) bool {
	for term := range strings.SplitSeq(selector, ",") {
		at, want, ok := strings.Cut(term, "=")
		if !ok {
			continue
		}
		var value any = o
		for key := range strings.SplitSeq(at, ".") {
			m, _ := value.(map[string]any)
			value = m[key]
		}
		if fmt.Sprint(value) != want {
			return false
		}
	}
	return true
}

func (c *Cluster) create(w http.ResponseWriter, r *http.Request, resource string) {
	var o object
	if err := json.NewDecoder(r.Body).Decode(&o); err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	name := fmt.Sprint(o["metadata"].(map[string]any)["name"])
	if _, ok := c.objects[resource][name]; ok {
		refuse(w, http.StatusConflict, metav1.StatusReasonAlreadyExists, fmt.Sprintf("%s %q already exists", resource, name))
		return
	}
	if resource == "services" {
		spec := o["spec"].(map[string]any)
		spec["clusterIP"] = "10.96.0.7"
		for i, p := range spec["ports"].([]any) {
			if spec["type"] == "NodePort" {
				p.(map[string]any)["nodePort"] = 30001 + i
			}
		}
		if spec["type"] == "LoadBalancer" {
			o["status"] = object{"loadBalancer": object{"ingress": []object{{"ip": "192.0.2.1"}}}}
		}
	}
	c.put(resource, name, o, "ADDED")
	if resource == "jobs" && o["spec"].(map[string]any)["parallelism"] != 0.0 {
		c.podOf(name, o)
	}
	reply(w, http.StatusCreated, o)
}

func (c *Cluster) patch(w http.ResponseWriter, r *http.Request, resource, name string, o object) {
	var change json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&change); err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	before, _ := json.Marshal(o)
	after, err := jsonpatch.MergePatch(before, change)
	var changed object
	if err == nil {
		err = json.Unmarshal(after, &changed)
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, metav1.StatusReasonBadRequest, err.Error())
		return
	}
	if versionOf(changed) != versionOf(o) {
		refuse(w, http.StatusConflict, metav1.StatusReasonConflict, fmt.Sprintf("%s %q has another version", resource, name))
		return
	}
	c.put(resource, name, changed, "MODIFIED")
	reply(w, http.StatusOK, changed)
}

// watch tells of changes after a version.
func (c *Cluster) watch(w http.ResponseWriter, r *http.Request, resource string) {
	after, _ := strconv.Atoi(r.URL.Query().Get("resourceVersion"))
	selector, _ := labels.Parse(r.URL.Query().Get("labelSelector"))
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusOK)
	flush := func() { w.(http.Flusher).Flush() }
	flush()
	for {
		c.mu.Lock()
		changed, news := c.changed, []change{}
		for _, h := range c.history {
			if h.version > after && h.resource == resource && selector.Matches(labels.Set(h.labels)) {
				news = append(news, h)
			}
		}
		after = c.version
		c.mu.Unlock()
		for _, h := range news {
			_, _ = fmt.Fprintf(w, "{\"type\":%q,\"object\":%s}\n", h.kind, h.object)
		}
		flush()
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}
