package jiratest

import (
	"encoding/json"
	"maps"
	"net/url"
	"slices"
)

// propertyMax is the longest value of a property.
const propertyMax = 32768

// checkProperty refuses what no property may be.
func (c *call) checkProperty(key string, v json.RawMessage) *reply {
	switch {
	case key == "" || len(key) > 255:
		return ptr(c.fail(400, "The property key must be between 1 and 255 characters long."))
	case len(v) > propertyMax:
		return ptr(c.message(400, msgTooLong, propertyMax))
	}
	return nil
}

// propertyKeys lists the keys of a set of properties.
func (c *call) propertyKeys(props map[string]json.RawMessage, base string) reply {
	w := c.writer()
	w.obj()
	w.key("keys")
	w.arr()
	for _, k := range sortedKeys(props) {
		w.obj()
		w.kstr("self", c.s.self(base+"/properties/"+url.PathEscape(k)))
		w.kstr("key", k)
		w.end()
	}
	w.endArr()
	w.end()
	return ok(w)
}

func (c *call) property(props map[string]json.RawMessage, key string) reply {
	v, found := props[key]
	if !found {
		return c.message(404, msgNoProperty, key)
	}
	w := c.writer()
	w.obj()
	w.kstr("key", key)
	w.key("value")
	w.raw(v)
	w.end()
	return ok(w)
}

// stored is 201 for a new property and 200 for a changed one.
func stored(fresh bool) reply {
	if fresh {
		return reply{status: 201, body: []byte("null")}
	}
	return reply{status: 200, body: []byte("null")}
}

func (c *call) issueProps() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	return c.propertyKeys(r.cur.props, "issue/"+idText(r.id))
}

func (c *call) issueProp() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	return c.property(r.cur.props, c.args[1])
}

// issuePropPut and issuePropDelete leave updated alone: whether Jira moves it
// is not documented (facts §5).
func (c *call) issuePropPut() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	if r.cur.proj.ReadOnly {
		return c.message(403, msgNoEdit)
	}
	key := c.args[1]
	if rep := c.checkProperty(key, c.body); rep != nil {
		return *rep
	}
	v := *r.cur
	_, had := v.props[key]
	v.props = cloneProps(v.props)
	v.props[key] = slices.Clone(c.body)
	c.s.put(&v, c.now)
	return stored(!had)
}

func (c *call) issuePropDelete() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	key := c.args[1]
	if _, had := r.cur.props[key]; !had {
		return c.message(404, msgNoProperty, key)
	}
	v := *r.cur
	v.props = maps.Clone(v.props)
	delete(v.props, key)
	c.s.put(&v, c.now)
	return noContent()
}

// commentByID finds a comment by its id alone.
func (c *call) commentByID() (*rec, int, *reply) {
	if r := c.s.commentOf[c.args[0]]; r != nil && c.user != nil && c.s.browse(r.cur) {
		if at := slices.IndexFunc(r.cur.comments, func(cm *Comment) bool { return cm.ID == c.args[0] }); at >= 0 {
			return r, at, nil
		}
	}
	return nil, 0, ptr(c.message(404, msgNoCommentID, c.args[0]))
}

func (c *call) commentProps() reply {
	r, at, rep := c.commentByID()
	if rep != nil {
		return *rep
	}
	return c.propertyKeys(r.cur.comments[at].Properties, "comment/"+c.args[0])
}

func (c *call) commentProp() reply {
	r, at, rep := c.commentByID()
	if rep != nil {
		return *rep
	}
	return c.property(r.cur.comments[at].Properties, c.args[1])
}

func (c *call) commentPropPut() reply {
	r, at, rep := c.commentByID()
	if rep != nil {
		return *rep
	}
	if rep := c.mayChange(r, at); rep != nil {
		return *rep
	}
	key := c.args[1]
	if rep := c.checkProperty(key, c.body); rep != nil {
		return *rep
	}
	cm := *r.cur.comments[at]
	_, had := cm.Properties[key]
	cm.set(key, slices.Clone(c.body))
	c.s.replaceComment(r, at, &cm, c.now)
	return stored(!had)
}

func (c *call) commentPropDelete() reply {
	r, at, rep := c.commentByID()
	if rep != nil {
		return *rep
	}
	if rep := c.mayChange(r, at); rep != nil {
		return *rep
	}
	cm := *r.cur.comments[at]
	if _, had := cm.Properties[c.args[1]]; !had {
		return c.message(404, msgNoProperty, c.args[1])
	}
	cm.Properties = maps.Clone(cm.Properties)
	delete(cm.Properties, c.args[1])
	cm.visibility()
	c.s.replaceComment(r, at, &cm, c.now)
	return noContent()
}
