package lineartest

import (
	"encoding/json"
	"errors"
	"net/http"
)

// apiError is one entry of an answer's errors.
type apiError struct {
	Message string
	Type    string // lower-case phrase
	Code    string
	Status  int // of the HTTP answer when it is the answer
	Shown   string
	User    bool
	Path    []any
}

func (e *apiError) Error() string { return e.Message }

// MarshalJSON writes the shape that the service has.
func (e *apiError) MarshalJSON() ([]byte, error) {
	shown := e.Shown
	if shown == "" {
		shown = e.Message
	}
	out := map[string]any{
		"message": e.Message,
		"extensions": map[string]any{
			"type": e.Type, "code": e.Code, "statusCode": e.Status, "userError": e.User,
			"userPresentableMessage": shown, "http": map[string]any{"status": e.Status},
		},
	}
	if len(e.Path) > 0 {
		out["path"] = e.Path
	}
	return json.Marshal(out)
}

func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		c := *e
		return &c
	}
	return &apiError{Message: err.Error(), Type: "internal error", Code: "INTERNAL_SERVER_ERROR", Status: http.StatusInternalServerError}
}

// invalid is an argument or a state that the service refuses on HTTP 200.
func invalid(message, shown string) *apiError {
	return &apiError{Message: message, Type: "invalid input", Code: "INPUT_ERROR", Status: http.StatusBadRequest, Shown: shown, User: true}
}

func badArgument(shown string) *apiError {
	return &apiError{
		Message: "Argument Validation Error", Type: "invalid input", Code: "INVALID_INPUT",
		Status: http.StatusBadRequest, Shown: shown, User: true,
	}
}

func notFound(kind string) *apiError {
	return invalid("Entity not found: "+kind, "Could not find referenced "+kind+".")
}

func noFeature(what string) *apiError {
	return &apiError{
		Message: "Feature not accessible", Type: "feature not accessible", Code: "FEATURE_NOT_ACCESSIBLE",
		Status: http.StatusForbidden, Shown: what + " is not available on this workspace's plan.", User: true,
	}
}

func forbidden(shown string) *apiError {
	return &apiError{Message: "Forbidden", Type: "forbidden", Code: "FORBIDDEN", Status: http.StatusForbidden, Shown: shown, User: true}
}

func badDocument(message string) *apiError {
	return &apiError{Message: message, Type: "graphql error", Code: "GRAPHQL_VALIDATION_FAILED", Status: http.StatusBadRequest}
}

func unauthenticated() *apiError {
	return &apiError{
		Message: "Authentication required, not authenticated", Type: "authentication error", Code: "AUTHENTICATION_ERROR",
		Status: http.StatusUnauthorized, Shown: "You need to authenticate to access this operation.", User: true,
	}
}

func bearerKey() *apiError {
	return invalid("Bad Request", "It looks like you're trying to use an API key as a Bearer token. "+
		"Remove the Bearer prefix from the Authorization header.")
}
