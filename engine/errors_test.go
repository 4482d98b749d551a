package engine_test

import (
	"errors"
	"fmt"
	"net/http"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/engine/enginetest"
)

func TestHints(t *testing.T) {
	base := errors.New("no")
	inner := engine.Hint(base, "inner")
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"nil", nil, nil},
		{"without", base, nil},
		{"nil with a hint", engine.Hint(nil, "unheard"), nil},
		{"one", inner, []string{"inner"}},
		{"wrapped", fmt.Errorf("so: %w", inner), []string{"inner"}},
		{"two", engine.Hint(fmt.Errorf("so: %w", inner), "outer"), []string{"outer", "inner"}},
		{"joined", errors.Join(errors.New("first"), inner), []string{"inner"}},
		{"joined alone", errors.Join(inner, nil), []string{"inner"}},
		{"joined twice", errors.Join(inner, engine.Hint(base, "other")), []string{"inner", "other"}},
		{"the same twice", errors.Join(inner, inner), []string{"inner"}},
		{"two verbs", fmt.Errorf("%w and %w", inner, engine.Hint(base, "other")), []string{"inner", "other"}},
		{"empty", engine.Hint(base, ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.DeepEqual(t, engine.Hints(c.err), c.want)
		})
	}
	assert.Error(t, inner, "no")
	assert.Assert(t, errors.Is(inner, base))
}

func TestErrorKinds(t *testing.T) {
	for _, c := range []struct {
		status                              int
		message                             string
		notFound, conflict, port, exhausted bool
	}{
		{status: http.StatusNotFound, message: "No such container: x", notFound: true},
		{status: http.StatusConflict, message: "name is taken", conflict: true},
		{status: 500, message: "driver failed programming external connectivity on endpoint x: Bind for 127.0.0.1:1 failed: port is already allocated", port: true},
		{status: 500, message: "failed to bind host port for 127.0.0.1:1:172.18.0.2:80/tcp: address already in use", port: true},
		{status: 500, message: "write /var/lib/docker/x: no space left on device", exhausted: true},
		{status: 500, message: "something else"},
	} {
		f := enginetest.New(t)
		f.Fail("GET", "/containers/json", c.status, c.message, 1)
		_, err := f.Engine(t).Containers(t.Context())
		assert.ErrorContains(t, err, c.message)
		assert.Equal(t, engine.IsNotFound(err), c.notFound, c.message)
		assert.Equal(t, engine.IsConflict(err), c.conflict, c.message)
		assert.Equal(t, engine.IsPortTaken(err), c.port, c.message)
		assert.Equal(t, engine.IsNoSpace(err), c.exhausted, c.message)
		assert.Equal(t, engine.IsFailure(err), c.status == 500, c.message)
	}
	for _, is := range []func(error) bool{engine.IsNotFound, engine.IsConflict, engine.IsPortTaken, engine.IsNoSpace, engine.IsFailure} {
		assert.Assert(t, !is(nil))
	}
}
