package bench

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	"go.etcd.io/bbolt"

	"github.com/lanekeeper/lanekeeper/internal/bench/fastserver"
)

// The yardstick: a bare sequential loop that asks for nine fields, decodes them
// into a small struct and stores one record per issue, a page a transaction.
// It neither decides, nor retries, nor resumes.

// bareJob is the parameters of the process that runs it.
type bareJob struct{ Shape, Base, Path string }

// small is what it stores.
type small struct {
	Key, Summary, Status, Priority, Type, Assignee, Due string
	Labels                                              []string
	Created, Updated                                    time.Time
}

type barePage struct {
	small []small
	next  string
	last  bool
}

func bareMain() error {
	var job bareJob
	if err := params(&job); err != nil {
		return err
	}
	db, err := bbolt.Open(job.Path, 0o600, nil)
	if err != nil {
		return err
	}
	read := map[string]func(string, string) (barePage, error){"cloud": bareCloud, "dc": bareDC, "linear": bareLinear}[job.Shape]
	n, next := uint64(0), ""
	for {
		p, err := read(job.Base, next)
		if err != nil {
			return err
		}
		err = db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists([]byte("issues"))
			if err != nil {
				return err
			}
			b.FillPercent = 1
			for k := range p.small {
				v, err := json.Marshal(&p.small[k])
				if err != nil {
					return err
				}
				n++
				if err := b.Put(binary.BigEndian.AppendUint64(nil, n), v); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if p.last {
			break
		}
		next = p.next
	}
	fmt.Println(n)
	return db.Close()
}

var bareBuffer bytes.Buffer

func post(url, body string, into any) error {
	resp, err := http.Post(url, "application/json", strings.NewReader(body))
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return errors.New(string(text))
	}
	bareBuffer.Reset()
	if _, err := bareBuffer.ReadFrom(resp.Body); err != nil {
		return err
	}
	return json.Unmarshal(bareBuffer.Bytes(), into)
}

type bareNamed struct {
	Name        string `json:"name"`
	DisplayName string `json:"displayName"`
}

type bareIssue struct {
	Key    string `json:"key"`
	Fields struct {
		Summary  string    `json:"summary"`
		Status   bareNamed `json:"status"`
		Priority bareNamed `json:"priority"`
		Type     bareNamed `json:"issuetype"`
		Assignee bareNamed `json:"assignee"`
		Due      string    `json:"duedate"`
		Labels   []string  `json:"labels"`
		Created  string    `json:"created"`
		Updated  string    `json:"updated"`
	} `json:"fields"`
}

const bareFields = `["summary","status","priority","issuetype","assignee","duedate","labels","created","updated"]`

func (i *bareIssue) small() small {
	f := &i.Fields
	at := func(s string) time.Time {
		t, _ := time.Parse("2006-01-02T15:04:05.000-0700", s) // zero where it is not a time
		return t
	}
	return small{Key: i.Key, Summary: f.Summary, Status: f.Status.Name, Priority: f.Priority.Name, Type: f.Type.Name,
		Assignee: f.Assignee.DisplayName, Due: f.Due, Labels: f.Labels, Created: at(f.Created), Updated: at(f.Updated)}
}

func smalls(issues []bareIssue) []small {
	out := make([]small, len(issues))
	for k := range issues {
		out[k] = issues[k].small()
	}
	return out
}

func bareCloud(base, next string) (barePage, error) {
	var page struct {
		Issues []bareIssue `json:"issues"`
		Token  string      `json:"nextPageToken"`
	}
	body := `{"jql":"project = ` + fastserver.Project + ` AND statusCategory != Done ORDER BY key","fields":` + bareFields + `,"maxResults":100,"nextPageToken":"` + next + `"}`
	err := post(base+"/jira/rest/api/3/search/jql", body, &page)
	return barePage{small: smalls(page.Issues), next: page.Token, last: page.Token == ""}, err
}

func bareDC(base, next string) (barePage, error) {
	var page struct {
		Issues []bareIssue `json:"issues"`
		Start  int         `json:"startAt"`
		Total  int         `json:"total"`
	}
	if next == "" {
		next = "0"
	}
	body := `{"jql":"project = ` + fastserver.Project + ` ORDER BY key","fields":` + bareFields + `,"maxResults":1000,"startAt":` + next + `}`
	err := post(base+"/dc/rest/api/2/search", body, &page)
	end := page.Start + len(page.Issues)
	return barePage{small: smalls(page.Issues), next: fmt.Sprint(end), last: end >= page.Total}, err
}

func bareLinear(base, next string) (barePage, error) {
	var page struct {
		Data struct {
			Issues struct {
				Nodes []struct {
					Identifier string    `json:"identifier"`
					Title      string    `json:"title"`
					State      bareNamed `json:"state"`
					Priority   float64   `json:"priority"`
					Assignee   bareNamed `json:"assignee"`
					DueDate    string    `json:"dueDate"`
					LabelIDs   []string  `json:"labelIds"`
					CreatedAt  time.Time `json:"createdAt"`
					UpdatedAt  time.Time `json:"updatedAt"`
				} `json:"nodes"`
				PageInfo struct {
					HasNextPage bool   `json:"hasNextPage"`
					EndCursor   string `json:"endCursor"`
				} `json:"pageInfo"`
			} `json:"issues"`
		} `json:"data"`
	}
	after := "null"
	if next != "" {
		after = `"` + next + `"`
	}
	body := `{"query":"query($after:String$first:Int!$filter:IssueFilter){issues(first:$first,after:$after,filter:$filter){nodes{identifier,title,state{name},priority,assignee{name},dueDate,labelIds,createdAt,updatedAt},pageInfo{hasNextPage,endCursor}}}",` +
		`"variables":{"first":250,"filter":{},"after":` + after + `}}`
	err := post(base+"/graphql", body, &page)
	var out []small
	for _, n := range page.Data.Issues.Nodes {
		out = append(out, small{Key: n.Identifier, Summary: n.Title, Status: n.State.Name, Priority: fmt.Sprint(n.Priority),
			Assignee: n.Assignee.Name, Due: n.DueDate, Labels: n.LabelIDs, Created: n.CreatedAt, Updated: n.UpdatedAt})
	}
	info := page.Data.Issues.PageInfo
	return barePage{small: out, next: info.EndCursor, last: !info.HasNextPage}, err
}
