// Package schematest holds a JSON Schema in docs to the Go type whose JSON it describes. The schema is derived from the
// type: a field without omitempty is required, and its comment is its description.
package schematest

import (
	"bytes"
	"encoding"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-json"

	"perfpipe/internal/dist"
	"perfpipe/internal/jsonl"
)

// module is the path of this module, and of the folder of the packages in it.
const module = "perfpipe/"

// Schema describes a document.
type Schema struct {
	Type               reflect.Type
	Title, Description string
	Const              map[string]string // the only value of members with that name
}

// Golden compares the schema with a file, or writes the file if update is set.
func Golden(t *testing.T, s Schema, file string, update bool) {
	t.Helper()
	got, err := s.text()
	if err != nil {
		t.Fatal(err)
	}
	if update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not the schema of %v: run this test with -update", file, s.Type)
	}
}

// object is a JSON object whose members keep their order.
type object []member

type member struct {
	key   string
	value any
}

func (o object) MarshalJSON() ([]byte, error) {
	return jsonl.Object(len(o), func(i int) (string, any) { return o[i].key, o[i].value })
}

// text returns the document.
func (s Schema) text() ([]byte, error) {
	g := generator{s, map[string]map[string]string{}}
	doc, err := g.structure(s.Type)
	if err != nil {
		return nil, err
	}
	head := object{
		{"$schema", "https://json-schema.org/draft/2020-12/schema"}, {"title", s.Title}, {"description", s.Description},
	}
	raw, err := append(head, doc...).MarshalJSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	err = json.Indent(&out, raw, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

type generator struct {
	Schema
	comments map[string]map[string]string // by package and "Type.Field"
}

// structure returns the schema of a struct.
func (g *generator) structure(t reflect.Type) (object, error) {
	required, properties, err := g.members(t)
	if err != nil {
		return nil, err
	}
	o := object{{"type", "object"}}
	if len(required) > 0 {
		o = append(o, member{"required", required})
	}
	return append(o, member{"properties", properties}), nil
}

// members returns the properties of a struct, with those of the structs that it embeds.
func (g *generator) members(t reflect.Type) (required []string, properties object, err error) {
	comments, err := g.commentsOf(t)
	if err != nil {
		return nil, nil, err
	}
	for i := range t.NumField() {
		f := t.Field(i)
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous && tag == "":
			inner, more, err := g.members(f.Type)
			if err != nil {
				return nil, nil, err
			}
			required, properties = append(required, inner...), append(properties, more...)
			continue
		case tag == "-" || !f.IsExported():
			continue
		}
		absent := strings.Contains(options, "omitempty")
		if !absent {
			required = append(required, tag)
		}
		value, err := g.value(f.Type, !absent)
		if err != nil {
			return nil, nil, fmt.Errorf("%v.%s: %w", t, f.Name, err)
		}
		if c, ok := g.Const[tag]; ok {
			value = object{{"const", c}}
		}
		if text := comments[t.Name()+"."+f.Name]; text != "" {
			value = append(value, member{"description", text})
		}
		properties = append(properties, member{tag, value})
	}
	return required, properties, nil
}

// value returns the schema of a value. If it is written always, a nil slice, map or pointer is null.
func (g *generator) value(t reflect.Type, always bool) (object, error) {
	kind := func(name string) object {
		if always {
			return object{{"type", []string{name, "null"}}}
		}
		return object{{"type", name}}
	}
	switch {
	case t == reflect.TypeFor[dist.Num]():
		return object{{"type", []string{"number", "null"}}}, nil
	case t == reflect.TypeFor[time.Time]():
		return object{{"type", "string"}, {"format", "date-time"}}, nil
	case t.Implements(reflect.TypeFor[encoding.TextMarshaler]()):
		return object{{"type", "string"}}, nil
	case t.Implements(reflect.TypeFor[json.Marshaler]()):
		return nil, fmt.Errorf("%v has a JSON of its own", t)
	}
	switch t.Kind() {
	case reflect.Bool:
		return object{{"type", "boolean"}}, nil
	case reflect.String:
		return object{{"type", "string"}}, nil
	case reflect.Float32, reflect.Float64:
		return object{{"type", "number"}}, nil
	case reflect.Int, reflect.Int32, reflect.Int64, reflect.Uint32, reflect.Uint64:
		return object{{"type", "integer"}}, nil
	case reflect.Pointer:
		return g.value(t.Elem(), false)
	case reflect.Slice:
		items, err := g.value(t.Elem(), false)
		return append(kind("array"), member{"items", items}), err
	case reflect.Map:
		values, err := g.value(t.Elem(), false)
		return append(kind("object"), member{"additionalProperties", values}), err
	case reflect.Struct:
		return g.structure(t)
	}
	return nil, fmt.Errorf("no schema for %v", t)
}

// commentsOf returns the comments of the fields of the structs in the package of t.
func (g *generator) commentsOf(t reflect.Type) (map[string]string, error) {
	path := t.PkgPath()
	if found, ok := g.comments[path]; ok {
		return found, nil
	}
	dir := filepath.Join("..", "..", strings.TrimPrefix(path, module)) // tests run in internal/PACKAGE
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil || len(files) == 0 {
		return nil, &fs.PathError{Op: "read", Path: dir, Err: fs.ErrNotExist}
	}
	found := map[string]string{}
	for _, file := range files {
		tree, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments)
		if err != nil {
			return nil, err
		}
		ast.Inspect(tree, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				for _, f := range s.Fields.List {
					text := f.Doc.Text()
					if text == "" {
						text = f.Comment.Text()
					}
					for _, name := range f.Names {
						found[spec.Name.Name+"."+name.Name] = strings.Join(strings.Fields(text), " ")
					}
				}
			}
			return true
		})
	}
	g.comments[path] = found
	return found, nil
}
