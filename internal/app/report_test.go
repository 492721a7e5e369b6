package app

import (
	"testing"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

func TestReportersAreNamedApart(t *testing.T) {
	met := []issue.Person{{ID: "1", Name: "Sam"}, {ID: "2", Name: "Sam"}, {ID: "3", Name: "Ana"}, {ID: "4"}, {Email: "x@acme.example"}, {}}
	tests := []struct {
		name      string
		anonymous bool
		want      []string
	}{
		{"two of one name are told apart by their accounts", false, []string{"Sam (1)", "Sam (2)", "Ana", "4", "x@acme.example", ""}},
		{"anonymous ones are numbered by their open issues", true, []string{"reporter 2", "reporter 3", "reporter 1", "reporter 4", "reporter 5", ""}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newPeople(tt.anonymous)
			var accounts []string
			for _, who := range met {
				accounts = append(accounts, p.met(who, true))
			}
			p.met(met[2], true) // Ana has two
			for n, a := range accounts {
				if got := p.shown(a); got != tt.want[n] {
					t.Errorf("%+v is shown as %q, want %q", met[n], got, tt.want[n])
				}
			}
		})
	}
}
