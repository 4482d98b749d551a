package snapshot_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestLabelsAreListed: the README names every label that there is.
func TestLabelsAreListed(t *testing.T) {
	text, err := os.ReadFile("../README.md")
	assert.NilError(t, err)
	_, section, _ := strings.Cut(string(text), "\n## Labels\n")
	section, _, _ = strings.Cut(section, "\n## ")
	for _, name := range labelNames(t) {
		if strings.HasSuffix(name, ".") {
			name += "NAME"
		}
		assert.Check(t, strings.Contains(section, "`"+name+"`"), "README.md does not list the label %s", name)
	}
}

// labelNames are the labels in labels.go, without their prefix.
func labelNames(t *testing.T) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), "labels.go", nil, 0)
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
