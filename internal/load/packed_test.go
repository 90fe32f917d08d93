package load

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"perfpipe/internal/fastjson"
	"perfpipe/internal/request"
)

// fill sets a field to a value that depends on n, and reports whether it could.
func fill(v reflect.Value, n int) bool {
	switch v.Kind() {
	case reflect.String:
		v.SetString(fmt.Sprint("text ", n))
	case reflect.Int, reflect.Int64:
		v.SetInt(int64(n - n%2*2*n)) // odd ones are negative
	case reflect.Float64:
		v.SetFloat(float64(n) + 0.5)
	case reflect.Bool:
		v.SetBool(n%2 == 1)
	case reflect.Interface:
		v.Set(reflect.ValueOf(new(int)))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		if !fill(key, n) || !fill(elem, n+1) {
			return false
		}
		v.SetMapIndex(key, elem)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), n%3+1, n%3+1))
		for i := range v.Len() {
			if !fill(v.Index(i), n+i) {
				return false
			}
		}
	case reflect.Uint8:
		v.SetUint(uint64(n) % 256)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() && !fill(v.Field(i), n+i) {
				return false
			}
		}
	default:
		return false
	}
	return true
}

// No field of a request may be lost while it waits, nor become that of another one.
func TestPackedRequestsKeepEveryField(t *testing.T) {
	var list, want []*Request
	whole, released := &Request{Whole: &Session{Graph: request.NewChain(0)}}, 0
	add := func(set func(*Request)) {
		r := new(Request)
		set(r)
		r.Part, r.Session = whole.Whole, "s"
		kept := *r
		kept.Members = nil // of a line that is read no more
		r.memory, r.Owner = r.Body, func(r *Request) { released++; r.Reset() }
		list, want = append(list, r), append(want, &kept)
	}
	v := reflect.TypeFor[Request]()
	for k, n := range []int{3, 3, 200, 1 << 40} {
		add(func(r *Request) {
			for i := range v.NumField() {
				switch f := v.Field(i); f.Name {
				case "Whole", "Part", "Owner", "memory":
				default:
					if !fill(reflect.ValueOf(r).Elem().Field(i), n) {
						t.Errorf("the test does not know the type of %s", f.Name)
					}
				}
			}
			r.Members = fastjson.Members{{}}
			if k == 1 { // the same as before, but for its own fields
				r.ID, r.After, r.Body = "", nil, []byte{}
			}
		})
	}
	add(func(*Request) {})
	for i := range v.NumField() { // a request that differs from the one before in one field
		add(func(r *Request) {
			if f := v.Field(i); f.IsExported() && f.Name != "Owner" && f.Name != "Whole" && f.Name != "Members" {
				fill(reflect.ValueOf(r).Elem().Field(i), i+1)
			}
		})
	}
	whole.Whole.requests, whole.Whole.Graph = list, request.NewChain(len(list))
	new(Packer).pack(whole.Whole)
	if released != len(list) {
		t.Errorf("%d requests were released, want %d", released, len(list))
	}
	for i := range want {
		got := whole.Whole.Request(int32(i))
		if len(got.Body) == 0 && len(want[i].Body) == 0 {
			got.Body, want[i].Body = nil, nil
		}
		if !reflect.DeepEqual(got, want[i]) {
			t.Errorf("request %d is\n%+v, want\n%+v", i, *got, *want[i])
		}
	}
}

// What the bodies of a session have in common is held once.
func TestPackedBodies(t *testing.T) {
	tools := strings.Repeat(`{"type":"function"},`, 1000)
	bodies := []string{
		`{"messages":["a"],"tools":[` + tools + `]}`, `{"messages":["b"],"tools":[` + tools + `]}`,
		`{"messages":["aa"],"tools":[` + tools + `]}`, `{"messages":[],"tools":[` + tools + `]}`, `{}`, "", "{", "}",
		`{"messages":["a"],"tools":[` + tools + `]}`, `{"messages":["a"]}`,
	}
	for first := range bodies {
		s := &Session{Graph: request.NewChain(len(bodies))}
		list := slices.Concat(bodies[first:], bodies[:first])
		for _, b := range list {
			s.requests = append(s.requests, &Request{Request: request.Request{Body: []byte(b)}})
		}
		new(Packer).pack(s)
		for i, want := range list {
			if got := string(s.Request(int32(i)).Body); got != want {
				t.Errorf("request %d has the body %.60q, want %.60q", i, got, want)
			}
		}
		if n := len(s.packed.text); first == 0 && n > len(tools)+len(bodies)*100 {
			t.Errorf("the bodies take %d bytes", n)
		}
	}
}
