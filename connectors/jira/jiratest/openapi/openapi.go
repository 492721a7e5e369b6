// Package openapi holds the exchanges of a simulated Jira Cloud site against
// the published description of the platform API. It is a package of its own so
// that a program with the simulator in it need not carry the validator.
package openapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"

	"github.com/lanekeeper/lanekeeper/connectors/jira/jiratest"
)

// Validator checks exchanges against one document.
type Validator struct {
	doc *openapi3.T
	// paths are the document's paths by their form without parameter names.
	paths map[string]string
}

// ValidateAgainst has every later exchange of the site checked; what does not
// fit is in s.Violations(). Requests are checked strictly, answers for the
// types of what the document describes.
func ValidateAgainst(s *jiratest.Server, specPath string) error {
	v, err := Load(specPath)
	if err != nil {
		return err
	}
	s.Check(v.Check)
	return nil
}

// Load reads the document.
func Load(specPath string) (*Validator, error) {
	doc, err := openapi3.NewLoader().LoadFromFile(specPath)
	if err != nil {
		return nil, fmt.Errorf("load %s: %w", specPath, err)
	}
	v := &Validator{doc: doc, paths: map[string]string{}}
	for path := range doc.Paths.Map() {
		v.paths[bare(path)] = path
	}
	return v, nil
}

// bare takes the names out of a path's parameters.
func bare(path string) string { return regexp.MustCompile(`\{[^}]*\}`).ReplaceAllString(path, "{}") }

// outside are paths that Jira Cloud serves and the trimmed document leaves out.
var outside = map[string]bool{"/project": true, "/project/{}": true, "/user": true, "/user/search": true,
	"/group/member": true, // GET, the members of a group: approvers may be groups
}

// Check returns what is wrong with an exchange. Version 2 has the same
// operations as version 3 (facts §1), so both are held against the document.
func (v *Validator) Check(x jiratest.Exchange) error {
	x = clearing(x)
	tmpl := bare(x.Template)
	path, ok := v.paths["/rest/api/3"+tmpl]
	if !ok {
		if outside[tmpl] {
			return nil
		}
		return fmt.Errorf("%s is not in the document", x.Template)
	}
	item := v.doc.Paths.Value(path)
	op := item.GetOperation(x.Request.Method)
	if op == nil {
		return fmt.Errorf("%s %s is not in the document", x.Request.Method, path)
	}
	route := &routers.Route{Spec: v.doc, Path: path, PathItem: item, Method: x.Request.Method, Operation: op}
	if err := v.request(x, route); err != nil {
		return fmt.Errorf("request: %w", err)
	}
	if x.Status == http.StatusOK || x.Status == http.StatusCreated {
		if err := v.response(x, op); err != nil {
			return fmt.Errorf("answer: %w", err)
		}
	}
	return nil
}

func (v *Validator) request(x jiratest.Exchange, route *routers.Route) error {
	if err := unknownQuery(x.Request, route); err != nil {
		return err
	}
	r := x.Request.Clone(context.Background())
	r.Body = io.NopCloser(bytes.NewReader(x.Body))
	r.ContentLength = int64(len(x.Body))
	return openapi3filter.ValidateRequest(context.Background(), &openapi3filter.RequestValidationInput{
		Request: r, PathParams: params(route.Path, r.URL.Path), Route: route,
		Options: &openapi3filter.Options{
			AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, MultiError: true, SkipSettingDefaults: true,
			RejectWhenRequestBodyNotSpecified: true, ExcludeRequestBody: unassigns(x),
		},
	})
}

// unassigns reports the one body that the text of the document asks for and
// its schema forbids: a null account id.
func unassigns(x jiratest.Exchange) bool {
	var body map[string]any
	return strings.HasSuffix(x.Template, "/assignee") && json.Unmarshal(x.Body, &body) == nil && len(body) == 1 && body["accountId"] == nil
}

// unknownQuery refuses parameters that the operation does not have; the
// service ignores them, which hides misspelt ones.
func unknownQuery(r *http.Request, route *routers.Route) error {
	for name := range r.URL.Query() {
		if route.Operation.Parameters.GetByInAndName("query", name) == nil && route.PathItem.Parameters.GetByInAndName("query", name) == nil {
			return fmt.Errorf("unknown query parameter %q", name)
		}
	}
	return nil
}

// params reads the path parameters off the end of the request's path, which
// may have a prefix.
func params(template, path string) map[string]string {
	want, have := strings.Split(template, "/"), strings.Split(path, "/")
	out := map[string]string{}
	for i := 1; i <= min(len(want), len(have)); i++ {
		if w := want[len(want)-i]; strings.HasPrefix(w, "{") {
			out[strings.Trim(w, "{}")] = have[len(have)-i]
		}
	}
	return out
}

// response checks the types of an answer. Formats and members that the
// document does not list are let pass: genuine answers have both.
func (v *Validator) response(x jiratest.Exchange, op *openapi3.Operation) error {
	ref := op.Responses.Status(x.Status)
	if ref == nil || ref.Value == nil {
		return nil
	}
	media := ref.Value.Content.Get("application/json")
	if media == nil || media.Schema == nil || media.Schema.Value == nil {
		return nil
	}
	var body any
	if err := json.Unmarshal(x.Response, &body); err != nil {
		return err
	}
	err := media.Schema.Value.VisitJSON(body, openapi3.MultiErrors())
	if multi, ok := errors.AsType[openapi3.MultiError](err); ok {
		return serious(multi)
	}
	return serious(openapi3.MultiError{err})
}

// serious returns the first error that genuine answers do not show.
func serious(list openapi3.MultiError) error {
	for _, err := range list {
		if nested, ok := err.(openapi3.MultiError); ok {
			if err := serious(nested); err != nil {
				return err
			}
			continue
		}
		e, ok := errors.AsType[*openapi3.SchemaError](err)
		if ok && e.Origin != nil {
			if err := serious(openapi3.MultiError{e.Origin}); err != nil {
				return err
			}
			continue
		}
		if !ok || tolerated(e) {
			continue
		}
		return fmt.Errorf("%s: %s", strings.Join(e.JSONPointer(), "/"), e.Reason)
	}
	return nil
}

// tolerated are the known contradictions between document and service.
func tolerated(e *openapi3.SchemaError) bool {
	at := strings.Join(e.JSONPointer(), "/")
	switch {
	case e.SchemaField == "format", e.SchemaField == "properties", e.SchemaField == "additionalProperties", e.SchemaField == "nullable":
		return true
	case e.SchemaField == "type" && e.Value == nil: // null where the document forgets it
		return true
	case strings.HasSuffix(at, "created"), strings.HasSuffix(at, "started"), strings.HasSuffix(at, "updated"):
		return true // epoch numbers
	}
	return false
}

// clearing makes the nulls of an edit empty texts. Null clears a field, as the
// text of the operation says; to the schema of "any value", null is no value.
func clearing(x jiratest.Exchange) jiratest.Exchange {
	if x.Request.Method != http.MethodPut {
		return x
	}
	x.Request = x.Request.Clone(x.Request.Context())
	x.Request.GetBody = nil // else the validator reads the body from there
	x.Body = bytes.ReplaceAll(x.Body, []byte(":null"), []byte(`:""`))
	return x
}
