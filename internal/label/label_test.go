package label_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/internal/label"
)

// TestLabelsAreListed: docs/labels.md names every label that exists.
func TestLabelsAreListed(t *testing.T) {
	text, err := os.ReadFile("../../docs/labels.md")
	assert.NilError(t, err)
	for _, name := range labelNames(t) {
		if strings.HasSuffix(name, ".") {
			name += "NAME"
		}
		assert.Check(t, strings.Contains(string(text), "`"+name+"`"), "docs/labels.md does not list the label %s", name)
	}
}

// labelNames returns the labels in labels.go, without their prefix.
func labelNames(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "label.go", nil, 0)
	assert.NilError(t, err)
	ast.Inspect(file, func(n ast.Node) bool {
		sum, ok := n.(*ast.BinaryExpr)
		if !ok {
			return true
		}
		if id, ok := sum.X.(*ast.Ident); ok && id.Name == "Prefix" {
			name, err := strconv.Unquote(sum.Y.(*ast.BasicLit).Value)
			assert.NilError(t, err)
			names = append(names, name)
		}
		return true
	})
	assert.Assert(t, len(names) > 10, "%v", names)
	return names
}

func TestStartingName(t *testing.T) {
	assert.Assert(t, label.IsStarting(label.StartingName("docker-bmo-x-web")))
	assert.Assert(t, !label.IsStarting("docker-bmo-x-web"))
}
