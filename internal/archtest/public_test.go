package archtest

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"gotest.tools/v3/assert"
)

// TestPublicSignatures: what the public packages export names no type that others cannot name.
func TestPublicSignatures(t *testing.T) {
	signatures := 0
	for _, dir := range []string{"bmo", "bmotest", "progress", "stack"} {
		files, err := filepath.Glob("../../" + dir + "/*.go")
		assert.NilError(t, err)
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
			assert.NilError(t, err)
			for _, exported := range exportedTypes(file) {
				signatures++
				for _, path := range mentioned(file, exported) {
					assert.Assert(t, !strings.Contains(path, "/internal/"), "%s: an exported declaration names a type of %s", name, path)
				}
			}
		}
	}
	assert.Assert(t, signatures > 80, "%d", signatures)
}

// exportedTypes returns the types that a file's exported declarations consist of: signatures, and types with their
// exported fields.
func exportedTypes(file *ast.File) (list []ast.Node) {
	for _, decl := range file.Decls {
		switch d := decl.(type) {
		case *ast.FuncDecl:
			if d.Name.IsExported() {
				list = append(list, d.Type)
			}
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				list = append(list, exportedSpec(spec)...)
			}
		}
	}
	return list
}

func exportedSpec(spec ast.Spec) []ast.Node {
	switch s := spec.(type) {
	case *ast.TypeSpec:
		if !s.Name.IsExported() {
			return nil
		}
		of, isStruct := s.Type.(*ast.StructType)
		if !isStruct {
			return []ast.Node{s.Type}
		}
		var list []ast.Node
		for _, field := range of.Fields.List {
			if len(field.Names) == 0 || field.Names[0].IsExported() {
				list = append(list, field.Type)
			}
		}
		return list
	case *ast.ValueSpec:
		if s.Type != nil && s.Names[0].IsExported() {
			return []ast.Node{s.Type}
		}
	}
	return nil
}

// mentioned returns the import paths of the packages that a node names something of.
func mentioned(file *ast.File, node ast.Node) (paths []string) {
	ast.Inspect(node, func(n ast.Node) bool {
		sel, ok := n.(*ast.SelectorExpr)
		if !ok {
			return true
		}
		pkg, ok := sel.X.(*ast.Ident)
		if !ok {
			return true
		}
		for _, imp := range file.Imports {
			path, _ := strconv.Unquote(imp.Path.Value)
			name := path[strings.LastIndexByte(path, '/')+1:]
			if imp.Name != nil {
				name = imp.Name.Name
			}
			if name == pkg.Name {
				paths = append(paths, path)
			}
		}
		return true
	})
	return paths
}
