package alert

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/nicholas-fedor/shoutrrr/pkg/router"
	"github.com/nicholas-fedor/shoutrrr/pkg/types"

	"github.com/lanekeeper/lanekeeper/connectors"
)

// Chat makes a channel of a shoutrrr URL: Slack, Teams, mail, PagerDuty,
// webhooks and others. The URL is read anew for each message, so that it can be
// changed while lanekeeper runs.
func Chat(c Channel, address connectors.Secret, t Template) *Channel {
	c.sender = &chat{address, t}
	return &c
}

type chat struct {
	url      connectors.Secret
	template Template
}

func (s *chat) send(_ context.Context, b batch) error {
	text, err := s.template.text(message(b))
	if err != nil {
		return err
	}
	return s.say(text, message(b).Headline())
}

// say sends one text. It cannot be stopped: shoutrrr takes no context, and the
// worker bounds it.
func (s *chat) say(text, title string) error {
	address, err := s.url.Reveal()
	if err != nil {
		return fmt.Errorf("read the channel's URL: %w", err)
	}
	honestTelegram()
	service, err := serviceOf(address, true)
	if err != nil {
		return err
	}
	params := types.Params{}
	if slices.Contains(titled(), service.GetID()) {
		params.SetTitle(title)
		if rest, ok := strings.CutPrefix(text, title+"\n"); ok {
			text = rest // the title has said it
		}
	}
	if err := service.Send(text, &params); err != nil {
		return errors.New(scrub(err.Error(), address))
	}
	return nil
}

// titled are the services that show a title of its own beside the text.
func titled() []string {
	return []string{"slack", "discord", "smtp", "ntfy", "gotify", "pushover", "opsgenie"}
}

// CheckURL says what is wrong with a shoutrrr URL, without a request and without
// telling what of it is secret.
func CheckURL(address string) error {
	_, err := serviceOf(address, false)
	return err
}

// Services lists the schemes of URLs that channels can have.
func Services() []string {
	names := (&router.ServiceRouter{}).ListServices()
	slices.Sort(names)
	return names
}

// serviceOf makes the service of a URL. Some log in as they begin, which a check
// must not do.
func serviceOf(address string, connect bool) (types.Service, error) {
	u, err := url.Parse(address)
	if err != nil || u.Scheme == "" || u.Host == "" && u.Opaque == "" && u.Path == "" && u.Scheme != "logger" {
		return nil, errors.New("it is not a shoutrrr URL such as slack://…") // the parser's error quotes the secret
	}
	scheme, custom, _ := strings.Cut(u.Scheme, "+")
	r := &router.ServiceRouter{}
	service, err := r.NewService(scheme)
	if err != nil {
		return nil, &UnknownServiceError{Scheme: scheme}
	}
	if custom != "" {
		c, ok := service.(types.CustomURLService)
		if !ok {
			return nil, fmt.Errorf("%s takes no other scheme after the +", scheme)
		}
		if u, err = c.GetConfigURLFromCustom(u); err != nil {
			return nil, fmt.Errorf("it is no URL of %s: %s", scheme, scrub(err.Error(), address))
		}
	}
	if scheme == "matrix" && !connect {
		if _, ok := u.User.Password(); !ok || u.Host == "" {
			return nil, errors.New("it is no URL of matrix: want matrix://user:password@host")
		}
		return service, nil
	}
	if err := service.Initialize(u, log.New(io.Discard, "", 0)); err != nil {
		return nil, fmt.Errorf("it is no URL of %s: %s", scheme, scrub(err.Error(), address))
	}
	return service, nil
}

// UnknownServiceError is a URL whose scheme no service has.
type UnknownServiceError struct{ Scheme string }

// Error does not quote the scheme: what stands before the first colon of
// something else than a URL may be a secret.
func (e *UnknownServiceError) Error() string {
	return "it begins with no service of shoutrrr, such as slack://, teams://, smtp:// or generic://"
}

// scrub takes what of a channel's URL is secret out of a text that a library
// made: the addresses it quotes beyond their host, and every part of the
// channel's own URL.
func scrub(text, address string) string {
	text = regexp.MustCompile(`([a-zA-Z][a-zA-Z0-9+.-]*://)(?:[^\s/"'@]*@)?([^\s/"'?]*)[^\s"']*`).ReplaceAllString(text, "$1$2/<secret>")
	for _, part := range secretParts(address) {
		text = strings.ReplaceAll(text, part, "<secret>")
	}
	return strings.Join(strings.Fields(text), " ")
}

// secretParts are the parts of a URL that are no common words, the longest
// first. The host of a service that runs elsewhere is no secret, but tokens
// stand in its place.
func secretParts(address string) []string {
	const least = 4 // shorter ones are no secret and would tear the text apart
	parts := []string{address}
	if u, err := url.Parse(address); err == nil {
		p, _ := u.User.Password()
		parts = append(parts, u.User.Username(), p, u.Path, u.RawPath, u.RawQuery, u.Opaque)
		if !strings.Contains(u.Host, ".") {
			parts = append(parts, u.Hostname())
		}
		for _, values := range u.Query() {
			parts = append(parts, values...)
		}
		parts = append(parts, regexp.MustCompile(`[/:,@-]`).Split(u.Path+"/"+p+"/"+u.User.Username(), -1)...)
	}
	scheme, _, _ := strings.Cut(address, ":")
	parts = slices.DeleteFunc(parts, func(s string) bool { return len(s) < least || s == scheme })
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	return parts
}
