package policy

import (
	"fmt"
	"time"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// Rotas answers who is on duty at the moment of the decision.
type Rotas interface {
	// OnDuty returns who is on duty in the named rota for an issue.
	OnDuty(rota string, i *issue.Issue) Duty
}

// Duty is what a rota says.
type Duty struct {
	Who   string    // e-mail address or account id; "" is nobody
	Until time.Time // when that changes; zero: not known
	// Nobody may tell why nobody is on duty.
	Nobody string
	// Unknown is why it cannot be told who is on duty, such as "is 3 h old".
	Unknown string
}

// Chosen is whom a rota gave an issue to.
type Chosen struct {
	Lane string    `cbor:"1,keyasint,omitempty"` // in which it was
	Rota string    `cbor:"2,keyasint,omitempty"`
	Who  string    `cbor:"3,keyasint,omitempty"`
	At   time.Time `cbor:"4,keyasint,omitzero"`
	// Account is the tracker's id of Who, "" while it is not known. The policy
	// only passes it on.
	Account string `cbor:"5,keyasint,omitempty"`
}

// The values of an owner's hand-over.
const (
	HandoverStay   = "stay"   // who got the issue keeps it
	HandoverFollow = "follow" // it goes to whoever is on duty
)

// own finds the owner of an issue in a lane. Who was chosen stays as long as the
// issue is in the lane; where nobody is on duty or it is not known, there is no
// owner, and what the tracker holds stays.
func (d *Decision) own(l *lane, in Input, next *Memory) {
	o := l.spec.Owner
	next.Chosen = Chosen{}
	if o.OnCall == "" {
		d.Owner = o.Assign
		return
	}
	d.Rota = o.OnCall
	was := in.Memory.Chosen
	same := was.Who != "" && was.Lane == d.Lane && was.Rota == o.OnCall
	if same && o.Handover != HandoverFollow {
		d.Owner, d.OwnerAt, next.Chosen = was.Who, was.At, was
		return
	}
	duty := Duty{Unknown: "is not known here"}
	if in.Rotas != nil {
		duty = in.Rotas.OnDuty(o.OnCall, in.Issue)
	}
	switch {
	case duty.Unknown != "":
		d.hold(Hold{What: HoldOwner, Wanted: o.OnCall, Why: HeldByRota, Detail: duty.Unknown})
	case duty.Who == "":
		d.hold(Hold{What: HoldOwner, Wanted: o.OnCall, Why: HeldByDuty, Detail: duty.Nobody, Until: duty.Until})
	case same && was.Who == duty.Who:
		d.Owner, d.OwnerAt, next.Chosen = was.Who, was.At, was
		return
	default:
		d.Owner, d.OwnerAt = duty.Who, d.At
		next.Chosen = Chosen{Lane: d.Lane, Rota: o.OnCall, Who: duty.Who, At: d.At}
		return
	}
	if same {
		next.Chosen = was
	}
}

// duty says why a rota gives no owner.
func (h *Hold) duty() string {
	if h.Why == HeldByRota {
		return fmt.Sprintf("rota %s %s", h.Wanted, h.Detail)
	}
	text := "nobody is on duty in rota " + h.Wanted
	if !h.Until.IsZero() {
		text += " until " + h.Until.Format("2 January 15:04 MST")
	}
	if h.Detail != "" {
		text += ": " + h.Detail
	}
	return text
}
