package answer

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/lanekeeper/lanekeeper/policy"
	"github.com/lanekeeper/lanekeeper/state"
)

// MarkLoad is how many open issues carry one value of a mark, such as
// moscow:must, against the cap that the policy sets.
type MarkLoad struct {
	Label string   `json:"label"`
	Count int      `json:"count"`
	Share float64  `json:"share"` // of the open issues, 0..1
	Cap   *float64 `json:"cap"`   // null: no cap
	Alarm string   `json:"alarm,omitempty"`
}

// NewMarks counts the values of the policy's marks, in the order of their
// bands. A cap is reported and never enforced.
func NewMarks(spec []policy.MarkSpec, t state.Totals) []MarkLoad {
	var out []MarkLoad
	for _, m := range spec {
		values := slices.SortedFunc(maps.Keys(m.Bands), func(a, b string) int {
			return cmp.Or(cmp.Compare(m.Bands[b], m.Bands[a]), cmp.Compare(a, b))
		})
		for _, v := range values {
			out = append(out, newMarkLoad(m, v, t))
		}
	}
	return out
}

func newMarkLoad(m policy.MarkSpec, value string, t state.Totals) MarkLoad {
	l := MarkLoad{Label: m.Prefix + ":" + value}
	l.Count = t.Marks[l.Label]
	share := 0.0
	if t.Open > 0 {
		share = float64(l.Count) / float64(t.Open)
	}
	if most, ok := m.Cap[value]; ok {
		l.Cap = &most
		if share > most {
			l.Alarm = "share above " + Percent(most)
		}
	}
	l.Share = round4(share)
	return l
}

func (d *document) marks(list []MarkLoad) {
	if len(list) == 0 {
		return
	}
	t := &table{columns: []column{{head: "MARK"}, {head: "ISSUES", right: true}, {head: "SHARE", right: true}, {head: ""}, {head: "TARGET"}, {head: "ALARM", flex: true}}}
	for _, l := range list {
		c := green
		if l.Alarm != "" {
			c = red
		}
		t.row(cell{l.Label, cyan}, text(fmt.Sprint(l.Count)), text(Percent(l.Share)), cell{bar(l.Share, 20), c}, text(ShareTarget{Max: l.Cap}.String()), cell{l.Alarm, alarm})
	}
	d.blank()
	d.table(t)
}
