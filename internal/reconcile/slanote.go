package reconcile

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// longestWorkaround is how much of a workaround a comment tells, in characters.
const longestWorkaround = 1000

// standing is how an SLA stands, as the comment tells it.
type standing struct {
	name  string
	state sla.State
	text  string
	news  string // what a change of is worth an edit
}

// slaComment is what the policy says about comments on an issue's SLA, nil for
// none.
func (c *cycle) slaComment(r *state.Record) *policy.SLACommentSpec {
	if r.Clock == nil || r.Clock.SLA == "" {
		return nil
	}
	return c.termsOf(c.Policy.For(c.Source, r.Issue.Project)).comments[r.Clock.SLA]
}

// tellSLA adds to a note how the SLA stands: from the state on that the policy
// names, and then until the issue is closed or leaves the SLA.
func (c *cycle) tellSLA(r *state.Record, n *note) {
	spec, spoke := c.slaComment(r), r.Comment.SLA
	if spec == nil && spoke == "" {
		return
	}
	if d := &r.Decision; r.Issue.Open() && (d.Undecided != "" || d.LowConfidence) {
		n.waits = spoke != ""
		return
	}
	res, held := c.look(r)
	if spec == nil || !held {
		n.left = spoke
		return
	}
	known := spec.Workaround == "" || !r.Issue.Unknown.Any(issue.InputCustom)
	speaks := spoke == res.SLA
	for _, x := range readings(res) {
		known = known && x.State != sla.Unknown
		speaks = speaks || x.State == sla.Breached || x.State == sla.Warning && spec.From == policy.CommentAtRisk
	}
	switch {
	case !speaks:
		n.left = spoke
	case !known:
		n.waits = true // the comment stays as it is
	default:
		n.sla = c.standing(r, spec, res)
	}
}

// standing writes out how an SLA stands: instants, which stay true, and no time
// that is left.
func (c *cycle) standing(r *state.Record, spec *policy.SLACommentSpec, res sla.Result) *standing {
	zone := c.clockOf(r).Calendar().Zone()
	s := &standing{name: res.SLA, state: res.State()}
	lines, news := []string{}, []string{"sla " + res.SLA}
	for _, x := range readings(res) {
		news = append(news, string(x.Kind)+" "+string(x.State))
		if !c.MailsEdits {
			news = append(news, x.Due.UTC().Format(time.RFC3339))
		}
		if said := sayTarget(x, zone); said != "" {
			lines = append(lines, "- "+string(x.Kind)+": "+said)
		}
	}
	if w := workaround(&r.Issue, spec.Workaround); w != "" {
		lines, news = append(lines, "- workaround: "+w), append(news, w)
	}
	s.text = fmt.Sprintf("The SLA %s of %s is %s.\n\n%s", res.SLA, r.Issue.Key, words(s.state), strings.Join(lines, "\n"))
	s.news = strings.Join(news, "\n")
	return s
}

// sayTarget says how one target stands, "" for nothing to say.
func sayTarget(x *sla.Reading, zone *time.Location) string {
	due, ended := moment(x.Due, zone), moment(x.Ended, zone)
	switch x.State {
	case sla.OnTrack, sla.Warning:
		return words(x.State) + ", expected by " + due
	case sla.Breached:
		return "breached, was expected by " + due
	case sla.Paused:
		text := "paused"
		if n := len(x.Pauses); n > 0 {
			text += " in " + x.Pauses[n-1].In
		}
		return text + "; no time can be told before it goes on"
	case sla.Met:
		return "met at " + ended + ", was expected by " + due
	case sla.Missed:
		return "missed: done at " + ended + ", was expected by " + due
	case sla.Left:
		return "no longer asked for"
	}
	return ""
}

// moment is an instant with its zone, such as "Mon 2 Mar 2026, 13:30 CET".
func moment(t time.Time, zone *time.Location) string {
	if t.IsZero() {
		return "a time that the calendar never reaches"
	}
	text := t.In(zone).Format("Mon 2 Jan 2006, 15:04 ")
	name, _ := t.In(zone).Zone()
	if strings.HasPrefix(name, "+") || strings.HasPrefix(name, "-") {
		name = "UTC" + name // a zone without letters of its own
	}
	return text + name
}

// words says a state for people.
func words(s sla.State) string {
	switch s {
	case sla.Warning:
		return "at risk"
	case sla.OnTrack:
		return "on track"
	case sla.NotStarted:
		return "not started"
	case sla.Left:
		return "not asked for any more"
	}
	return string(s)
}

// workaround is the text of a custom field on one line, "" for none.
func workaround(i *issue.Issue, field string) string {
	v := i.Fields[field]
	text := cmp.Or(v.Text, strings.Join(v.List, ", "))
	if text == "" && v.Number != nil {
		text = strconv.FormatFloat(*v.Number, 'f', -1, 64)
	}
	runes := []rune(strings.Join(strings.Fields(text), " "))
	if len(runes) > longestWorkaround {
		return string(runes[:longestWorkaround]) + "…"
	}
	return string(runes)
}
