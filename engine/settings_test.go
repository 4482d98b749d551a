package engine_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"

	"gotest.tools/v3/assert"

	"github.com/docker-bmo/docker-bmo/engine"
	"github.com/docker-bmo/docker-bmo/stack"
)

// request returns what a container with these settings is created with.
func request(t *testing.T, s stack.Settings) string {
	t.Helper()
	f, e := newFake(t)
	network, err := e.CreateNetwork(t.Context(), "net", nil, 0)
	assert.NilError(t, err)
	create(t, e, engine.ContainerSpec{Name: "web", Network: network, Settings: s})
	c, ok := f.Container("web")
	assert.Assert(t, ok)
	b, err := json.Marshal([]any{c.Config, c.Host, c.Networking})
	assert.NilError(t, err)
	return string(b)
}

// TestEverySettingReachesTheEngine: what the model has of a container changes the request that creates one.
func TestEverySettingReachesTheEngine(t *testing.T) {
	without := request(t, stack.Settings{})
	settings := reflect.TypeFor[stack.Settings]()
	for i := range settings.NumField() {
		t.Run(settings.Field(i).Name, func(t *testing.T) {
			eachLeaf(settings.Field(i).Type, func(name string, v reflect.Value) {
				var s stack.Settings
				reflect.ValueOf(&s).Elem().Field(i).Set(v)
				got := request(t, s)
				assert.Check(t, got != without, "%s%s is not in the request", settings.Field(i).Name, name)
			})
		})
	}
}

// eachLeaf calls fn with a value of a type for each field in it, in which that field alone differs from zero.
func eachLeaf(t reflect.Type, fn func(name string, v reflect.Value)) {
	switch t.Kind() {
	case reflect.Slice:
		eachLeaf(t.Elem(), func(name string, v reflect.Value) {
			fn(name, reflect.Append(reflect.MakeSlice(t, 0, 1), v))
		})
	case reflect.Map:
		m := reflect.MakeMap(t)
		m.SetMapIndex(reflect.ValueOf("net.core.somaxconn"), reflect.ValueOf("7"))
		fn("", m)
	case reflect.Pointer:
		eachLeaf(t.Elem(), func(name string, v reflect.Value) {
			p := reflect.New(t.Elem())
			p.Elem().Set(v)
			fn(name, p)
		})
	case reflect.Struct:
		for i := range t.NumField() {
			eachLeaf(t.Field(i).Type, func(name string, v reflect.Value) {
				s := reflect.New(t).Elem()
				s.Field(i).Set(v)
				fn("."+t.Field(i).Name+name, s)
			})
		}
	default:
		fn("", leaf(t))
	}
}

func leaf(t reflect.Type) reflect.Value {
	v := reflect.New(t).Elem()
	switch {
	case v.CanInt():
		v.SetInt(7)
	case v.CanUint():
		v.SetUint(7)
	case v.CanFloat():
		v.SetFloat(0.5)
	case t.Kind() == reflect.Bool:
		v.SetBool(true)
	case t.Kind() == reflect.String:
		v.SetString("02:42:ac:11:00:07")
	default:
		panic(fmt.Sprint("no value of ", t))
	}
	return v
}

func TestLabelsOfTheFileDoNotWin(t *testing.T) {
	f, e := newFake(t)
	create(t, e, engine.ContainerSpec{
		Name: "web", Labels: map[string]string{"docker-bmo.role": "instance"},
		Settings: stack.Settings{Labels: map[string]string{"docker-bmo.role": "none", "own": "1"}},
	})
	c, _ := f.Container("web")
	assert.DeepEqual(t, c.Config.Labels, map[string]string{"docker-bmo.role": "instance", "own": "1"})
}
