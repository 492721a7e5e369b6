package reconcile

import (
	"cmp"
	"slices"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
	"github.com/lanekeeper/lanekeeper/internal/plan"
	"github.com/lanekeeper/lanekeeper/policy/sla"
	"github.com/lanekeeper/lanekeeper/state"
)

// The labels that tell how the SLA of an issue stands.
const (
	atRisk   = "sla:at-risk"
	breached = "sla:breached"
)

// promises adds what the SLA wants of an issue: the label while a target is at
// risk or breached, and the day of the resolve target as due date. What we wrote
// is taken away where it is not so any more. Where the clock is unknown both
// fields stay as they are, and while it stands still so does the date.
func (c *cycle) promises(r *state.Record, w []plan.Want) []plan.Want {
	if r.Clock == nil && !promised(r, issue.FieldSLA) && !promised(r, issue.FieldDue) {
		return w
	}
	res, held := c.look(r)
	want := func(f issue.Field, value string, known bool) {
		if known && (value != "" || promised(r, f)) {
			w = append(w, plan.Want{Field: f, Value: value})
		}
	}
	label, known := slaLabel(res)
	want(issue.FieldSLA, label, known)
	if c.NoDue {
		return w
	}
	zone := cmp.Or(c.DueZone, time.UTC)
	if held && c.DueZone == nil {
		zone = c.clockOf(r).Calendar().Zone()
	}
	day, known := dueDay(c.ahead(r, w, res).Resolve, zone)
	want(issue.FieldDue, day, known)
	return w
}

// ahead is the reading as it will be once the wanted priority is written, so that
// the date needs no second write: targets go by priority.
func (c *cycle) ahead(r *state.Record, w []plan.Want, res sla.Result) sla.Result {
	at := slices.IndexFunc(w, func(x plan.Want) bool { return x.Field == issue.FieldPriority })
	if at < 0 || c.clockOf(r) == nil || c.behind(r) || writable(r, issue.FieldPriority) == 0 ||
		slices.ContainsFunc(r.Overrides, func(o state.Override) bool { return o.Field == issue.FieldPriority }) {
		return res
	}
	from, to := plan.Actual(&r.Issue, issue.FieldPriority), w[at].Value
	if from == to {
		return res
	}
	then, clock := *r, *r.Clock
	ch := issue.Change{Field: issue.FieldPriority, From: from, To: to}
	clock.History.Events = append(slices.Clone(clock.History.Events), eventsOf(ch, c.now)...)
	then.Clock = &clock
	plan.Write(&then.Issue, ch)
	if out, held := c.reading(&then, c.sig, c.now); held {
		return out
	}
	return res
}

// slaLabel is the label for how an issue stands, "" for none, and whether that
// is known.
func slaLabel(res sla.Result) (label string, known bool) {
	known = true
	for _, x := range readings(res) {
		switch x.State {
		case sla.Breached:
			return breached, true
		case sla.Warning:
			label = atRisk
		case sla.Unknown:
			known = false
		}
	}
	return label, known || label != ""
}

// dueDay is the day of the resolve target in the calendar's zone, "" for none,
// and whether there is a day to speak of now.
func dueDay(x *sla.Reading, zone *time.Location) (day string, known bool) {
	if x == nil {
		return "", true
	}
	switch x.State {
	case sla.OnTrack, sla.Warning, sla.Breached:
		if x.Due.IsZero() { // the calendar never gets there
			return "", true
		}
		return x.Due.In(zone).Format(time.DateOnly), true
	case sla.NotStarted, sla.Left:
		return "", true
	}
	return "", false
}

// readings lists the targets of a result.
func readings(res sla.Result) (out []*sla.Reading) {
	for _, x := range []*sla.Reading{res.Respond, res.Resolve} {
		if x != nil {
			out = append(out, x)
		}
	}
	return out
}

// slaReason says in one sentence why the SLA wants a value.
func (c *cycle) slaReason(r *state.Record, f issue.Field) string {
	res, held := c.look(r)
	if f == issue.FieldDue {
		res = c.ahead(r, c.wants(r), res)
	}
	if !held {
		return "the issue is held to no SLA any more"
	}
	var said *sla.Reading
	for _, x := range readings(res) {
		grave := x.State == sla.Breached || x.State == sla.Warning
		if f == issue.FieldSLA && grave && (said == nil || x.State == sla.Breached) || f == issue.FieldDue && x.Kind == sla.Resolve {
			said = x
		}
	}
	if said == nil {
		said = cmp.Or(res.Resolve, res.Respond)
	}
	if said == nil {
		return "SLA " + res.SLA
	}
	return "SLA " + res.SLA + ", " + string(said.Kind) + ": " + said.Why
}

// promised tells that the field holds what the SLA wrote, as far as we know.
func promised(r *state.Record, f issue.Field) bool { return r.Applied[f] != "" }
