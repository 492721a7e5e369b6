package web_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestRightsRefuseWhatCannotBeMeant(t *testing.T) {
	h := server(t, newFake())
	for _, c := range []struct {
		name, method, path, body string
		status                   int
		says                     string
	}{
		{"an override without a field", "POST", "issues/payments/PAY-1/override", `{"release":true}`, 400, "which field"},
		{"neither release nor hold", "POST", "issues/payments/PAY-1/override", `{"field":"lane"}`, 400, "release: true and hold"},
		{"both", "POST", "issues/payments/PAY-1/override", `{"field":"lane","release":true,"hold":"3d"}`, 400, "one of"},
		{"a hold that is no length", "POST", "issues/payments/PAY-1/override", `{"field":"lane","hold":"soon"}`, 400, "12h or 30d"},
		{"a hold into the past", "POST", "issues/payments/PAY-1/override", `{"field":"lane","hold":"-3h"}`, 400, "12h or 30d"},
		{"an unknown key", "POST", "issues/payments/PAY-1/approve", `{"sudo":true}`, 400, "sudo"},
		{"somebody who may not", "POST", "issues/payments/PAY-1/approve", `{"as":"mallory"}`, 403, "may not"},
		{"a rejection by an approver, who need not be one", "POST", "issues/payments/PAY-1/reject", `{"as":"lead"}`, 400, "anybody may reject"},
		{"an acceptance with an end", "POST", "issues/payments/PAY-1/accept", `{"hold":"3d"}`, 400, "hold is of reject"},
		{"a rejection until soon", "POST", "issues/payments/PAY-1/reject", `{"hold":"soon"}`, 400, "12h or 30d"},
		{"an acceptance by somebody who may not", "POST", "issues/payments/PAY-1/accept", `{"as":"mallory"}`, 403, "may not"},
		{"an acceptance", "POST", "issues/payments/PAY-1/accept", `{"fields":["lane"]}`, 200, `"verb": "accept"`},
		{"a rejection", "POST", "issues/payments/PAY-1/reject", `{"hold":"3d","reason":"later"}`, 200, `"verb": "reject"`},
		{"a form of another site", "POST", "issues/payments/PAY-1/approve", ``, 415, "application/json"},
		{"a filter that is none", "GET", "overrides?contested=maybe", ``, 400, "true or false"},
		{"an unknown filter", "GET", "overrides?who=ana", ``, 400, "who"},
		{"a good list", "GET", "overrides?contested=true", ``, 200, `"contested"`},
		{"a good approval", "POST", "issues/payments/PAY-1/approve", `{"as":"lead"}`, 200, `"verb": "approve"`},
	} {
		r := httptest.NewRequest(c.method, "http://127.0.0.1/api/v1/"+c.path, strings.NewReader(c.body))
		if c.body != "" {
			r.Header.Set("Content-Type", "application/json")
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != c.status || !strings.Contains(w.Body.String(), c.says) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, w.Code, w.Body, c.status, c.says)
		}
	}
	if w := httptest.NewRecorder(); true {
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/v1/issues/payments/PAY-1/approve", nil))
		if w.Code != http.StatusMethodNotAllowed {
			t.Errorf("GET: %d", w.Code)
		}
	}
}
