package lineartest

import (
	"fmt"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/parser"
	"github.com/vektah/gqlparser/v2/validator"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// Schema is Linear's whole schema. It can be shared by servers.
type Schema struct {
	schema *ast.Schema
	rules  *rules.Rules
}

// ParseSchema reads the schema's SDL, such as the file that Linear publishes.
func ParseSchema(sdl []byte) (*Schema, error) {
	s, err := gqlparser.LoadSchema(&ast.Source{Name: "linear.graphql", Input: string(sdl)})
	if err != nil {
		return nil, fmt.Errorf("read schema: %w", err)
	}
	return &Schema{s, rules.NewDefaultRules()}, nil
}

// Check validates a document and its variables.
func (s *Schema) Check(query string, vars map[string]any) error {
	doc, err := parser.ParseQuery(&ast.Source{Input: query})
	if err != nil {
		return err
	}
	if err := validate(s.schema, s.rules, doc); err != nil {
		return err
	}
	for _, op := range doc.Operations {
		if _, err := variables(s.schema, op, vars); err != nil {
			return err
		}
	}
	return nil
}

func validate(schema *ast.Schema, r *rules.Rules, doc *ast.QueryDocument) error {
	if errs := validator.ValidateWithRules(schema, doc, r); len(errs) > 0 {
		return errs
	}
	return nil
}

// variables coerces the values of an operation's variables and checks the
// formats of dates and ids in them.
func variables(schema *ast.Schema, op *ast.OperationDefinition, given map[string]any) (map[string]any, error) {
	vars, err := validator.VariableValues(schema, op, given)
	if err != nil {
		return nil, err
	}
	for _, def := range op.VariableDefinitions {
		if err := checkFormat(schema, def.Type, vars[def.Variable], "$"+def.Variable); err != nil {
			return nil, err
		}
	}
	return vars, nil
}

// documents caches validated documents: clients send the same few.
type documents struct{ known map[string]*ast.QueryDocument }

// maxDocuments bounds the cache; a client that writes values into its
// documents would fill it for ever.
const maxDocuments = 512

// load parses and validates a document. The server's lock is held.
func (s *Server) load(query string) (*ast.QueryDocument, error) {
	if doc := s.docs.known[query]; doc != nil {
		return doc, nil
	}
	doc, err := parser.ParseQueryWithTokenLimit(&ast.Source{Input: query}, 20_000)
	if err != nil {
		return nil, err
	}
	if err := validate(s.api.schema, s.api.rules, doc); err != nil {
		return nil, err
	}
	if len(s.docs.known) >= maxDocuments || s.docs.known == nil {
		s.docs.known = map[string]*ast.QueryDocument{}
	}
	s.docs.known[query] = doc
	return doc, nil
}
