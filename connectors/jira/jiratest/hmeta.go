package jiratest

// editMeta lists the fields that this account may set on this issue.
func (c *call) editMeta() reply {
	r, rep := c.target()
	if rep != nil {
		return *rep
	}
	w := c.writer()
	w.obj()
	w.key("fields")
	w.obj()
	for _, id := range c.s.sysIDs {
		if f := c.s.sys[id]; c.editable(r.cur, id) {
			w.key(id)
			w.obj()
			w.kbool("required", id == "summary" || id == "issuetype")
			schema(w, f.typ, f.items, id, "", 0)
			w.kstr("name", f.name)
			w.kstr("key", id)
			w.key("operations")
			w.strs(operations(id, f.typ))
			c.allowed(w, r.cur, id)
			w.end()
		}
	}
	for _, f := range c.s.fields {
		if c.editable(r.cur, f.ID) {
			c.customMeta(w, f)
		}
	}
	w.end()
	w.end()
	return ok(w)
}

func operations(id, typ string) []string {
	switch {
	case id == "comment":
		return []string{"add", "edit", "remove"}
	case typ == "array":
		return []string{"add", "set", "remove"}
	}
	return []string{"set"}
}

func schema(w *writer, typ, items, system, custom string, num int) {
	w.key("schema")
	w.obj()
	w.kstr("type", typ)
	if items != "" {
		w.kstr("items", items)
	}
	if system != "" {
		w.kstr("system", system)
	}
	if custom != "" {
		w.kstr("custom", custom)
		w.kint("customId", num)
	}
	w.end()
}

func (c *call) allowed(w *writer, i *issue, id string) {
	switch id {
	case "priority":
		w.key("allowedValues")
		w.arr()
		for _, p := range c.s.scheme(i.proj) {
			c.priority(w, p)
		}
		w.endArr()
	case "components":
		w.key("allowedValues")
		c.named(w, "component", i.proj.Components)
	case "fixVersions":
		w.key("allowedValues")
		c.named(w, "version", i.proj.Versions)
	case "issuetype":
		w.key("allowedValues")
		w.arr()
		for k := range i.proj.Types {
			c.issueType(w, &i.proj.Types[k])
		}
		w.endArr()
	}
}

func (c *call) customMeta(w *writer, f *Field) {
	typ, items := f.valueType()
	w.key(f.ID)
	w.obj()
	w.kbool("required", false)
	schema(w, typ, items, "", f.Custom, f.num())
	w.kstr("name", f.Name)
	w.kstr("key", f.ID)
	w.key("operations")
	w.strs(operations(f.ID, typ))
	if len(f.Options) > 0 {
		w.key("allowedValues")
		w.arr()
		for _, o := range f.Options {
			c.option(w, f, o)
		}
		w.endArr()
	}
	w.end()
}
