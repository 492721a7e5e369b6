package oncall

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"time"

	ical "github.com/arran4/golang-ical"
)

// windowsNames are the names that Windows, and so Outlook and Exchange, gives
// to time zones, with those of the IANA: windowsZones of the Unicode CLDR.
//
//go:embed windowszones.tsv
var windowsNames string

var windows = sync.OnceValue(func() map[string]string {
	out := map[string]string{}
	for line := range strings.Lines(windowsNames) {
		name, iana, _ := strings.Cut(strings.TrimSpace(line), "\t")
		out[name] = iana
	}
	return out
})

// zones resolves the names of time zones as calendars write them.
type zones struct {
	here  *time.Location // of times that name none
	known map[string]*time.Location
	own   map[string]*ical.VTimezone // what the calendar says of its zones
}

// newZones takes the operator's zone for times without one, else the calendar's.
func newZones(c *ical.Calendar, configured string) (*zones, error) {
	z := &zones{here: time.UTC, known: map[string]*time.Location{}, own: map[string]*ical.VTimezone{}}
	for _, t := range c.Timezones() {
		z.own[value(&t.ComponentBase, ical.ComponentPropertyTzid)] = t
	}
	name := configured
	for _, p := range c.CalendarProperties {
		if name == "" && p.IANAToken == "X-WR-TIMEZONE" {
			name = strings.TrimSpace(p.Value)
		}
	}
	if name == "" {
		return z, nil
	}
	var err error
	z.here, err = z.find(name)
	return z, err
}

// find returns the zone of that name: of the IANA, also behind a prefix of the
// calendar's maker, of Windows, or one that the calendar describes by another
// name or as a fixed offset.
func (z *zones) find(name string) (*time.Location, error) {
	name = strings.Trim(strings.TrimSpace(name), `"`)
	if l, ok := z.known[name]; ok {
		return l, nil
	}
	l := load(name)
	if own := z.own[name]; l == nil && own != nil {
		if l = load(value(&own.ComponentBase, "X-LIC-LOCATION")); l == nil {
			l = fixed(name, own)
		}
	}
	if l == nil {
		return nil, fmt.Errorf("there is no time zone %q; want a name of the IANA such as Europe/Berlin, or of Windows", clip(name))
	}
	z.known[name] = l
	return l, nil
}

func load(name string) *time.Location {
	if iana, ok := windows()[name]; ok {
		name = iana
	}
	for name = strings.TrimPrefix(name, "/"); name != "" && name != "Local"; {
		if l, err := time.LoadLocation(name); err == nil {
			return l
		}
		var rest bool
		if _, name, rest = strings.Cut(name, "/"); !rest {
			return nil
		}
	}
	return nil
}

// fixed is a zone that the calendar describes as one offset all year round, nil
// where it is none.
func fixed(name string, t *ical.VTimezone) *time.Location {
	var offset string
	for _, c := range t.Components {
		s, ok := c.(*ical.Standard)
		if !ok || offset != "" {
			return nil
		}
		offset = value(&s.ComponentBase, "TZOFFSETTO")
	}
	at, err := time.Parse("-0700", offset)
	if err != nil {
		return nil
	}
	_, seconds := at.Zone()
	return time.FixedZone(name, seconds)
}
