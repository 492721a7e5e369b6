package lineartest

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"time"
)

// Delivery is a webhook call that Linear would make: the caller sends it. The
// signature is over the raw body.
type Delivery struct {
	Header http.Header
	Body   []byte
}

type webhook struct {
	id, secret string
	pending    []Delivery
}

// Webhook switches deliveries for issues on, signed with the secret.
func (s *Server) Webhook(secret string) {
	s.lock()
	defer s.mu.Unlock()
	s.hook = &webhook{id: s.newID("webhook"), secret: secret}
}

// Deliveries hands out what has come up since the last call, oldest first.
func (s *Server) Deliveries() []Delivery {
	s.lock()
	defer s.mu.Unlock()
	if s.hook == nil {
		return nil
	}
	out := s.hook.pending
	s.hook.pending = nil
	return out
}

// Redeliver is the retry of a delivery that was not answered with 200: the
// same delivery id, by Behavior with the old time or with a new one.
func (s *Server) Redeliver(d Delivery) (Delivery, error) {
	s.lock()
	defer s.mu.Unlock()
	body := slices.Clone(d.Body)
	if !s.behavior.RetryKeepsTimestamp {
		var m map[string]any
		if err := json.Unmarshal(body, &m); err != nil {
			return Delivery{}, err
		}
		m["webhookTimestamp"] = s.now().UnixMilli()
		body = appendJSON(nil, m)
	}
	return s.sign(body, d.Header.Get("Linear-Delivery")), nil
}

func (s *Server) sign(body []byte, id string) Delivery {
	mac := hmac.New(sha256.New, []byte(s.hook.secret))
	mac.Write(body)
	h := http.Header{}
	h.Set("Content-Type", "application/json; charset=utf-8")
	h.Set("User-Agent", "Linear-Webhook")
	h.Set("Linear-Delivery", id)
	h.Set("Linear-Event", "Issue")
	h.Set("Linear-Signature", hex.EncodeToString(mac.Sum(nil)))
	h.Set("Linear-Timestamp", strconv.FormatInt(s.now().UnixMilli(), 10))
	return Delivery{h, body}
}

// actionOf is remove for an issue that was archived or trashed.
func actionOf(before *Issue, r *record) string {
	if r.Gone() && !before.Gone() {
		return "remove"
	}
	return "update"
}

// announce queues a delivery for a change of an issue.
func (s *Server) announce(action string, r *record, e *Entry, by string) {
	if s.hook == nil {
		return
	}
	body := map[string]any{
		"action": action, "type": "Issue", "createdAt": s.now().Format(timeForm), "data": webhookData(r),
		"organizationId": s.world.org.ID, "webhookId": s.hook.id, "webhookTimestamp": s.now().UnixMilli(), "actor": nil,
	}
	if u := s.world.users.byID[by]; u != nil {
		body["actor"] = map[string]any{"id": u.ID, "name": u.Name, "email": u.Email, "type": "user"}
	}
	if action == "update" && e != nil {
		body["updatedFrom"] = e.updatedFrom(r)
	}
	s.hook.pending = append(s.hook.pending, s.sign(appendJSON(nil, body), s.newID("delivery")))
}

func webhookData(r *record) map[string]any {
	return map[string]any{
		"id": r.ID, "identifier": r.Identifier, "number": r.Number, "title": r.Title, "teamId": r.TeamID, "stateId": r.StateID,
		"priority": r.Priority, "labelIds": append([]string{}, r.LabelIDs...), "assigneeId": textOrNull(r.AssigneeID),
		"dueDate": textOrNull(r.DueDate), "updatedAt": r.UpdatedAt.Format(timeForm), "createdAt": r.CreatedAt.Format(timeForm),
		"slaBreachesAt": timeOrNull(r.SLABreachesAt), "slaStartedAt": timeOrNull(r.SLAStartedAt), "archivedAt": timeOrNull(r.ArchivedAt),
	}
}

func textOrNull(s string) any {
	if s == "" {
		return nil
	}
	return s
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.Format(timeForm)
}

// updatedFrom holds the old value of each field that changed, null where it
// was unset.
func (e *Entry) updatedFrom(r *record) map[string]any {
	out := map[string]any{}
	if e.Title != nil {
		out["title"] = e.Title.From
	}
	for name, m := range map[string]*Moved[string]{
		"dueDate": e.DueDate, "assigneeId": e.Assignee, "stateId": e.State, "teamId": e.Team, "cycleId": e.Cycle, "projectId": e.Project, "parentId": e.Parent,
	} {
		if m != nil {
			out[name] = textOrNull(m.From)
		}
	}
	for name, m := range map[string]*Moved[time.Time]{"slaStartedAt": e.SLAStart, "slaBreachesAt": e.SLABreach} {
		if m != nil {
			out[name] = timeOrNull(m.From)
		}
	}
	if e.Priority != nil {
		out["priority"] = e.Priority.From
	}
	if len(e.AddedLabels)+len(e.RemovedLabels) > 0 {
		out["labelIds"] = append(missing(r.LabelIDs, e.AddedLabels), e.RemovedLabels...)
	}
	return out
}
