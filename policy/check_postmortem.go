package policy

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/lanekeeper/lanekeeper/internal/issue"
)

// longestTemplate bounds the text of a post-mortem's template, in characters: all
// trackers take a comment of that length.
const longestTemplate = 10_000

// checkPostMortem judges which issues ask for a post-mortem.
func (c *compiler) checkPostMortem(s Spec) {
	p := s.PostMortem
	c.checkPostMortemLanes("post_mortem.completed", p.Completed, s.Lanes, false)
	c.checkPostMortemLanes("post_mortem.missed", p.Missed, s.Lanes, true)
	asks := len(p.Completed)+len(p.Missed) > 0
	if p.Template != "" && !asks {
		c.fail("post_mortem", "has a template and no lanes: name some under completed or missed")
	}
	if n := utf8.RuneCountInString(p.Template); n > longestTemplate {
		c.fail("post_mortem.template", "has %d characters, must have at most %d", n, longestTemplate)
	}
	for i, m := range s.Marks {
		if asks && issue.Field(m.Prefix).Owns(issue.PostMortemLabel) {
			c.fail(fmt.Sprintf("marks[%d].prefix", i), "would manage the label %s, which asks for a post-mortem", issue.PostMortemLabel)
		}
	}
}

func (c *compiler) checkPostMortemLanes(path string, names []string, lanes []LaneSpec, held bool) {
	var known []string
	for _, l := range lanes {
		known = append(known, l.Name)
	}
	for i, name := range names {
		at := fmt.Sprintf("%s[%d]", path, i)
		n := slices.Index(known, name)
		switch {
		case n < 0:
			c.report(Problem{Path: at, Message: fmt.Sprintf("there is no lane %q", name), Suggestion: didYouMean(name, known)})
		case slices.Contains(names[:i], name):
			c.fail(at, "%q is named twice", name)
		case held && lanes[n].SLA == "":
			c.fail(at, "the lane %s has no SLA that could be missed", name)
		}
	}
}
