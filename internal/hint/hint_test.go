package hint_test

import (
	"errors"
	"fmt"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/hint"
)

func TestHints(t *testing.T) {
	base := errors.New("no")
	inner := hint.Wrap(base, "inner")
	for _, c := range []struct {
		name string
		err  error
		want []string
	}{
		{"nil", nil, nil},
		{"without", base, nil},
		{"nil with a hint", hint.Wrap(nil, "unheard"), nil},
		{"one", inner, []string{"inner"}},
		{"wrapped", fmt.Errorf("so: %w", inner), []string{"inner"}},
		{"two", hint.Wrap(fmt.Errorf("so: %w", inner), "outer"), []string{"outer", "inner"}},
		{"joined", errors.Join(errors.New("first"), inner), []string{"inner"}},
		{"joined alone", errors.Join(inner, nil), []string{"inner"}},
		{"joined twice", errors.Join(inner, hint.Wrap(base, "other")), []string{"inner", "other"}},
		{"the same twice", errors.Join(inner, inner), []string{"inner"}},
		{"two verbs", fmt.Errorf("%w and %w", inner, hint.Wrap(base, "other")), []string{"inner", "other"}},
		{"empty", hint.Wrap(base, ""), nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			assert.DeepEqual(t, hint.All(c.err), c.want)
		})
	}
	assert.Error(t, inner, "no")
	assert.Assert(t, errors.Is(inner, base))
}
