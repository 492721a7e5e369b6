package web

import (
	"bytes"
	"context"
	"embed"
	"fmt"
	"html/template"
	"net/http"
	"net/url"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/answer"
	"github.com/lanekeeper/lanekeeper/internal/issue"
)

//go:embed templates/*.html
var templates embed.FS

//go:embed static/style.css
var stylesheet []byte

// pages are the parsed templates by name.
type pages struct{ byName map[string]*template.Template }

// parsePages parses every page together with the layout and the shared pieces.
func parsePages() (*pages, error) {
	p := &pages{byName: map[string]*template.Template{}}
	for _, name := range []string{"overview", "issues", "issue", "plan", "error"} {
		t, err := template.New("layout.html").Funcs(functions()).
			ParseFS(templates, "templates/layout.html", "templates/pieces.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("parse page %s: %w", name, err)
		}
		p.byName[name] = t
	}
	return p, nil
}

// functions are what templates can call beside the methods of their data.
func functions() template.FuncMap {
	return template.FuncMap{
		"clean":   answer.Clean,
		"percent": answer.Percent, "slaWords": answer.StateWords,
		"number":  answer.Number,
		"short":   answer.ShortHash,
		"count":   answer.Count,
		"path":    issuePath,
		"iso":     func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"hundred": func(share float64) float64 { return min(max(share, 0), 1) * 100 },
		"bound":   func(share *float64) float64 { return *share * 100 },
		"values":  func(c answer.Change) [2]string { from, to := c.Values(); return [2]string{from, to} },
		"moment":  func(s answer.Style, t time.Time) moment { return moment{s, t} },
		"rows":    func(s answer.Style, list []answer.Change) changeRows { return changeRows{s, list, false} },
		"fields":  func(s answer.Style, list []answer.Change) changeRows { return changeRows{s, list, true} },
	}
}

// moment is a time with the style to show it in, changeRows a list of changes.
type (
	moment struct {
		Style answer.Style
		At    time.Time
	}
	changeRows struct {
		Style answer.Style
		List  []answer.Change
		Bare  bool // all of one issue, which need not be named
	}
)

// issuePath is the page of an issue.
func issuePath(ref string) string {
	r := issue.ParseRef(ref)
	return "/issues/" + url.PathEscape(r.Source) + "/" + url.PathEscape(r.Key)
}

// view is what the layout needs, and the page's own data.
type view struct {
	Title   string
	Nav     string // the entry of the navigation that is current
	Version string
	Style   answer.Style
	Pause   *answer.Pause
	Data    any
}

func (s *server) pageRoutes(mux *http.ServeMux) {
	mux.Handle("/{$}", s.page("overview", s.overviewPage))
	mux.Handle("/issues", s.page("issues", s.issuesPage))
	mux.Handle("/issues/{source}/{key}", s.page("issue", s.issuePage))
	mux.Handle("/plans/{id}", s.page("plan", s.planPage))
	mux.Handle("/style.css", s.only(http.MethodGet, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/css; charset=utf-8")
		w.Header().Set("Cache-Control", "max-age=300")
		_, _ = w.Write(stylesheet) // a client that left needs no answer
	}))
	mux.Handle("/", s.page("error", func(_ context.Context, r *http.Request, _ *view) error {
		return Errorf(NotFound, "there is no page %s here", r.URL.Path)
	}))
}

// page serves one page: fill makes its title and data.
func (s *server) page(name string, fill func(context.Context, *http.Request, *view) error) http.Handler {
	return s.only(http.MethodGet, func(w http.ResponseWriter, r *http.Request) {
		v := &view{Version: s.Version, Style: answer.Style{Zone: s.Zone, Now: s.Now()}}
		status := http.StatusOK
		err := s.banner(r.Context(), v)
		if err == nil {
			err = fill(r.Context(), r, v)
		}
		if err != nil {
			kind, text := s.judge(r, err)
			status, name := kind.Status(), "error"
			v.Title, v.Nav, v.Data = http.StatusText(status), "", text
			s.render(w, name, status, v)
			return
		}
		s.render(w, name, status, v)
	})
}

// banner fills in whether writes are paused, which every page shows.
func (s *server) banner(ctx context.Context, v *view) error {
	sources, err := s.Overview.Sources(ctx)
	if err != nil {
		return err
	}
	v.Pause = sources.Pause
	v.Data = sources
	return nil
}

// render writes a page only when all of it could be made.
func (s *server) render(w http.ResponseWriter, name string, status int, v *view) {
	var b bytes.Buffer
	if err := s.pages.byName[name].ExecuteTemplate(&b, "layout.html", v); err != nil {
		s.Logger.Error("render page", "page", name, "err", err)
		http.Error(w, "the page could not be made; the log tells why", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // a client that left needs no answer
}
