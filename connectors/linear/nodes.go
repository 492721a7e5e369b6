package linear

import "time"

// The types of this file are both the documents that are sent and what their
// answers are decoded into. The client library writes a document from the
// field names and graphql tags; our decoder reads the json tags. A when tag
// names the input of the policy (or another want) without which the field is
// not asked for, see prune.

// pageInfo ends a page of a root connection.
type pageInfo struct {
	HasNextPage bool   `json:"hasNextPage"`
	EndCursor   string `json:"endCursor"`
}

// more tells whether a nested list was cut.
type more struct {
	HasNextPage bool `json:"hasNextPage"`
}

// connection is a root list that is paged.
type connection[N any] struct {
	Nodes    []N      `json:"nodes"`
	PageInfo pageInfo `json:"pageInfo"`
}

// nested is a list inside an issue. Its field tag always gives first: without
// it the list is priced at 50 a parent.
type nested[N any] struct {
	Nodes    []N  `json:"nodes"`
	PageInfo more `json:"pageInfo"`
}

// issueNode is one issue. Pointers mark what must not be taken for a value
// when it is missing.
type issueNode struct {
	ID          string    `json:"id"`
	Identifier  string    `json:"identifier"`
	Number      float64   `json:"number"`
	URL         string    `json:"url"`
	Title       *string   `json:"title"` // null: not loaded, for every issue has one
	Priority    *float64  `json:"priority"`
	DueDate     string    `json:"dueDate"`
	LabelIDs    []string  `json:"labelIds"`
	CreatedAt   time.Time `json:"createdAt"`
	UpdatedAt   time.Time `json:"updatedAt"`
	ArchivedAt  time.Time `json:"archivedAt"`
	Trashed     bool      `json:"trashed"` // null where it is not
	CompletedAt time.Time `json:"completedAt"`
	CanceledAt  time.Time `json:"canceledAt"`
	State       stateNode `json:"state"`
	Team        teamRef   `json:"team"`
	Assignee    *userNode `json:"assignee"`

	SLABreachesAt time.Time      `json:"slaBreachesAt" when:"sla"`
	Description   string         `json:"description" when:"description"`
	Creator       *userNode      `json:"creator" when:"reporter"`
	Estimate      float64        `json:"estimate" when:"estimate"`
	StartedAt     time.Time      `json:"startedAt" when:"started"`
	Parent        *keyNode       `json:"parent" when:"parent"`
	Project       *nameNode      `json:"project" when:"components"`
	Cycle         *cycleNode     `json:"cycle" when:"sprint"`
	Milestone     *milestoneNode `json:"projectMilestone" graphql:"projectMilestone" when:"milestone"`
	Reactions     []reactionNode `json:"reactions" when:"votes"`

	Relations        nested[relationNode] `json:"relations" graphql:"relations(first: 10)" when:"links"`
	InverseRelations nested[inverseNode]  `json:"inverseRelations" graphql:"inverseRelations(first: 10)" when:"links"`
	Needs            nested[needNode]     `json:"needs" graphql:"needs(first: 10)" when:"customers"`
	Comments         nested[commentRef]   `json:"comments" graphql:"comments(first: 25)" when:"comments"`
	Subscribers      nested[idNode]       `json:"subscribers" graphql:"subscribers(first: 25)" when:"watchers"`
}

type commentRef struct {
	ID   string  `json:"id"`
	User *idNode `json:"user"`
}

type idNode struct {
	ID string `json:"id"`
}

type keyNode struct {
	Identifier string `json:"identifier"`
}

type nameNode struct {
	Name string `json:"name"`
}

type stateNode struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type teamRef struct {
	ID  string `json:"id"`
	Key string `json:"key"`
}

type userNode struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email" when:"emails"`
}

type cycleNode struct {
	ID       string    `json:"id"`
	Name     string    `json:"name"`
	Number   float64   `json:"number"`
	EndsAt   time.Time `json:"endsAt"`
	IsActive bool      `json:"isActive"`
}

type milestoneNode struct {
	ID         string `json:"id"`
	Name       string `json:"name"`
	TargetDate string `json:"targetDate"`
}

type reactionNode struct {
	Emoji string  `json:"emoji"`
	User  *idNode `json:"user"`
}

// otherNode is the issue at the far end of a relation.
type otherNode struct {
	Identifier string   `json:"identifier"`
	State      typeNode `json:"state"`
}

type typeNode struct {
	Type string `json:"type"`
}

type relationNode struct {
	Type         string    `json:"type"`
	RelatedIssue otherNode `json:"relatedIssue"`
}

type inverseNode struct {
	Type  string    `json:"type"`
	Issue otherNode `json:"issue"`
}

type needNode struct {
	Priority float64       `json:"priority"` // 1 is important
	Customer *customerNode `json:"customer"`
}

type customerNode struct {
	ID      string    `json:"id"`
	Name    string    `json:"name"`
	Revenue float64   `json:"revenue"`
	Size    float64   `json:"size"`
	Tier    *nameNode `json:"tier"`
}

// scanNode is what a sweep asks of an issue.
type scanNode struct {
	ID     string  `json:"id"`
	Number float64 `json:"number"`
}

// labelNode is one label of the catalogue.
type labelNode struct {
	ID         string     `json:"id"`
	Name       string     `json:"name"`
	IsGroup    bool       `json:"isGroup"`
	CreatedAt  time.Time  `json:"createdAt"`
	RetiredAt  time.Time  `json:"retiredAt"`
	ArchivedAt time.Time  `json:"archivedAt"`
	Parent     *groupNode `json:"parent"`
	Team       *teamRef   `json:"team"`
}

// historyNode is one entry of an issue's history; it may hold several changes
// by one actor.
type historyNode struct {
	CreatedAt         time.Time  `json:"createdAt"`
	ActorID           string     `json:"actorId"`
	Actor             *actorNode `json:"actor"`
	BotActor          *botNode   `json:"botActor"`
	FromPriority      *float64   `json:"fromPriority"`
	ToPriority        *float64   `json:"toPriority"`
	FromDueDate       string     `json:"fromDueDate"`
	ToDueDate         string     `json:"toDueDate"`
	FromAssigneeID    string     `json:"fromAssigneeId"`
	ToAssigneeID      string     `json:"toAssigneeId"`
	FromState         *stateNode `json:"fromState"`
	ToState           *stateNode `json:"toState"`
	AddedLabelIDs     []string   `json:"addedLabelIds"`
	RemovedLabelIDs   []string   `json:"removedLabelIds"`
	FromSLABreachesAt time.Time  `json:"fromSlaBreachesAt" when:"sla"`
	ToSLABreachesAt   time.Time  `json:"toSlaBreachesAt" when:"sla"`
}

type groupNode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// issueHistory is one issue with a page of its history.
type issueHistory struct {
	ID      string                  `json:"id"`
	History connection[historyNode] `json:"history" graphql:"history(first: 50)"`
}

// olderHistory goes on behind a first page of history.
type olderHistory struct {
	ID      string                  `json:"id"`
	History connection[historyNode] `json:"history" graphql:"history(first: 50, after: $older)"`
}

// issueComments is one issue with a page of its comments.
type issueComments struct {
	ID       string                 `json:"id"`
	Comments connection[remarkNode] `json:"comments" graphql:"comments(first: 50)"`
}

// moreComments goes on behind a first page of comments.
type moreComments struct {
	ID       string                 `json:"id"`
	Comments connection[remarkNode] `json:"comments" graphql:"comments(first: 50, after: $older)"`
}

// remarkNode tells that somebody commented.
type remarkNode struct {
	CreatedAt time.Time  `json:"createdAt"`
	User      *actorNode `json:"user"`
	BotActor  *botNode   `json:"botActor"`
}

// actorNode carries the address: approvers are configured by it.
type actorNode struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

type botNode struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// writtenNode is what a mutation tells of an issue: enough to see whether the
// write took.
type writtenNode struct {
	ID            string    `json:"id"`
	UpdatedAt     time.Time `json:"updatedAt"`
	ArchivedAt    time.Time `json:"archivedAt"`
	Trashed       bool      `json:"trashed"`
	Priority      *float64  `json:"priority"`
	DueDate       string    `json:"dueDate"`
	SLABreachesAt time.Time `json:"slaBreachesAt"`
	LabelIDs      []string  `json:"labelIds"`
	Assignee      *idNode   `json:"assignee"`
	Team          teamRef   `json:"team"`
}
