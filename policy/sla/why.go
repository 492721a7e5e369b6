package sla

import (
	"fmt"
	"strings"
	"time"
)

// why puts a reading into words, as seen at now from the calendar's zone.
func (c *Clock) why(o *Reading, now time.Time) string {
	w := wording{zone: c.cal.Zone(), now: now}
	if c.cal == nil {
		w.suffix = " UTC" // no zone is the team's
	}
	promise := fmt.Sprintf("%s of %s since %s", spanText(o.Target), c.cal, w.when(o.Start))
	switch o.State {
	case Unknown, NotStarted:
		if !o.Next.IsZero() {
			return o.note + ", " + w.when(o.Next)
		}
		return o.note
	case OnTrack, Warning:
		if o.Due.IsZero() {
			return "never due: " + promise + w.pauses(o)
		}
		return "due " + w.when(o.Due) + ": " + promise + w.pauses(o)
	case Paused:
		return fmt.Sprintf("paused in %s since %s: %s of %s used, %s left when it goes on",
			o.pausing, w.when(o.since), spanText(o.Elapsed), spanText(o.Target), spanText(o.Remaining))
	case Breached:
		text := fmt.Sprintf("breached %s: %s were used up", w.when(o.BreachedAt), promise)
		if o.pausing != "" {
			return text + "; paused in " + o.pausing + " now"
		}
		return text + w.over(o) + w.pauses(o)
	case Met:
		return fmt.Sprintf("met %s with %s left%s: %s%s", w.when(o.Ended), spanText(o.Remaining), by(o), promise, w.pauses(o))
	case Missed:
		return fmt.Sprintf("missed: %s %s%s, due %s: %s%s%s",
			doneText(o.Kind), w.when(o.Ended), by(o), w.when(o.BreachedAt), promise, w.over(o), w.pauses(o))
	}
	text := fmt.Sprintf("%s %s: %s of %s were used", o.note, w.when(o.Ended), spanText(o.Elapsed), spanText(o.Target))
	if !o.FirstBreach.IsZero() {
		text += "; time had run out " + w.when(o.FirstBreach)
	}
	return text
}

func by(o *Reading) string {
	if o.note == "" {
		return ""
	}
	return " (" + o.note + ")"
}

func doneText(k Kind) string {
	if k == Respond {
		return "answered"
	}
	return "closed"
}

type wording struct {
	zone   *time.Location
	now    time.Time
	suffix string
}

func (w wording) over(o *Reading) string {
	if o.Elapsed <= o.Target {
		return ""
	}
	return "; over by " + spanText(o.Elapsed-o.Target)
}

// pauses lists the pauses that took working time, those of one cause together.
func (w wording) pauses(o *Reading) string {
	sum := map[string]time.Duration{}
	var order []string
	for _, p := range o.Pauses {
		if p.Spent > 0 && sum[p.In] == 0 {
			order = append(order, p.In)
		}
		sum[p.In] += p.Spent
	}
	var out strings.Builder
	for _, in := range order {
		fmt.Fprintf(&out, "; %s paused in %s", spanText(sum[in]), in)
	}
	return out.String()
}

// when names an instant the way people do.
func (w wording) when(t time.Time) string {
	t, now := t.In(w.zone), w.now.In(w.zone)
	clock := "15:04"
	if t.Second() != 0 {
		clock = "15:04:05"
	}
	clock += w.suffix
	today := time.Date(now.Year(), now.Month(), now.Day(), 0, 0, 0, 0, time.UTC)
	that := time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)
	switch days := int(that.Sub(today) / (24 * time.Hour)); {
	case days == 0:
		return "today " + t.Format(clock)
	case days == -1:
		return t.Format(clock) + " yesterday"
	case days == 1:
		return "tomorrow " + t.Format(clock)
	case t.Year() == now.Year():
		return t.Format("Mon 2 Jan " + clock)
	}
	return t.Format("Mon 2 Jan 2006 " + clock)
}

// spanText writes hours and minutes: days would have to say which kind.
func spanText(d time.Duration) string {
	d = d.Truncate(time.Second)
	h, m, s := d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second
	var out []string
	if h > 0 {
		out = append(out, fmt.Sprintf("%d h", h))
	}
	if m > 0 {
		out = append(out, fmt.Sprintf("%d min", m))
	}
	if len(out) == 0 || (s > 0 && h == 0) {
		out = append(out, fmt.Sprintf("%d s", s))
	}
	return strings.Join(out, " ")
}
