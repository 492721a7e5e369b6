package web_test

import (
	"context"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/crypto/bcrypt"

	"github.com/lanekeeper/lanekeeper/connectors"
	"github.com/lanekeeper/lanekeeper/internal/web"
)

func listen(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func TestStoppingLetsAnAnswerThatHasBegunFinish(t *testing.T) {
	begun, finish := make(chan struct{}), make(chan struct{})
	h := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		close(begun)
		<-finish
		_, _ = io.WriteString(w, "done")
	})
	ctx, cancel := context.WithCancel(t.Context())
	l := listen(t)
	served := make(chan error, 1)
	go func() { served <- web.Serve(ctx, l, h, "", slog.New(slog.DiscardHandler)) }()
	answered := make(chan string, 1)
	go func() {
		res, err := http.Get("http://" + l.Addr().String())
		if err != nil {
			answered <- err.Error()
			return
		}
		defer res.Body.Close()
		b, _ := io.ReadAll(res.Body)
		answered <- string(b)
	}()
	<-begun
	cancel()
	close(finish)
	if got := <-answered; got != "done" {
		t.Errorf("the answer was cut off: %s", got)
	}
	if err := <-served; err != nil {
		t.Errorf("a clean stop is not an error: %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

func TestServeWithABadWebConfigFileSaysSoAndClosesTheListener(t *testing.T) {
	l := listen(t)
	err := web.Serve(t.Context(), l, http.NotFoundHandler(), filepath.Join(t.TempDir(), "none.yaml"), slog.New(slog.DiscardHandler))
	if err == nil || !strings.Contains(err.Error(), "none.yaml") {
		t.Errorf("got %v", err)
	}
	if _, err := net.Dial("tcp", l.Addr().String()); err == nil {
		t.Error("the listener is still open")
	}
}

func hash(t *testing.T, password string) string {
	t.Helper()
	h, err := bcrypt.GenerateFromPassword([]byte(password), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	return string(h)
}

func TestBasicAuthOfTheWebConfigFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "web.yaml")
	if err := os.WriteFile(file, []byte("basic_auth_users:\n  ana: "+hash(t, "secret")+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	l := listen(t)
	served := make(chan error, 1)
	f := newFake()
	go func() { served <- web.Serve(ctx, l, server(t, f), file, slog.New(slog.DiscardHandler)) }()
	for password, want := range map[string]web.Kind{"secret": "", "wrong": web.Denied} {
		c, err := web.NewClient(web.ClientOptions{Address: l.Addr().String(), User: "ana", Password: connectors.NewSecret(password)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = c.Pause(t.Context(), "mallory", ""); web.KindOf(err) != want {
			t.Errorf("%s: got %v, want kind %q", password, err, want)
		}
	}
	if len(f.asked) != 1 || f.asked[0] != "pause ana " {
		t.Errorf("asked %q", f.asked)
	}
	cancel()
	if err := <-served; err != nil {
		t.Error(err)
	}
}

func TestNobodyAnswers(t *testing.T) {
	l := listen(t)
	l.Close()
	c, err := web.NewClient(web.ClientOptions{Address: l.Addr().String()})
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.Sources(t.Context())
	if web.KindOf(err) != web.Unavailable || !strings.Contains(err.Error(), "no lanekeeper answers at "+l.Addr().String()) {
		t.Errorf("got %v", err)
	}
}
