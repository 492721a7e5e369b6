package config

// policyKeys describe the policy. Its types check themselves, so bounds and
// requirements here only reach the schema and the reference.
func policyKeys() map[string]key {
	expr := "A CEL expression."
	return map[string]key{
		"policy.score": {doc: "How the score, 0..100, is computed: the weighted mean of the pillars."},
		"policy.score.preset": {given: "three_pillars", oneOf: []string{"three_pillars", "rice", "wsjf", "ice", "moscow", "opportunity"},
			doc: "Fills in what is not given here."},
		"policy.score.pillars":           {given: "the preset's", doc: "Inputs of the score, by name."},
		"policy.score.pillars.*":         {doc: "One pillar."},
		"policy.score.pillars.*.weight":  {least: ptr(0), doc: "Weight in the mean."},
		"policy.score.pillars.*.expr":    {doc: expr + " The pillar's value, 0..100."},
		"policy.score.pillars.*.default": {given: "the pillar is left out and confidence falls", least: ptr(0), most: ptr(100), doc: "Value where an input is missing."},
		"policy.score.pillars.*.rubric":  {given: "none", doc: "What values mean, for people: a value and a sentence."},
		"policy.score.pillars.*.rubric.*": {
			doc: "What the value means."},
		"policy.score.effort":         {given: "the preset's", doc: "What the score is divided by to order a lane."},
		"policy.score.effort.expr":    {doc: expr + " Greater than 0."},
		"policy.score.effort.default": {given: "no value per effort", above: ptr(0), doc: "Effort where an input is missing."},

		"policy.priority":        {given: "the preset's", doc: "How scores become priorities."},
		"policy.priority.margin": {given: "0", least: ptr(0), doc: "How far beyond an edge the score must be to leave a band."},
		"policy.priority.bands":  {doc: "Lower edge of each priority; below the lowest edge it is low."},
		"policy.priority.bands.*": {least: ptr(0), most: ptr(100),
			doc: "Score at which the band begins."},

		"policy.lanes":            {given: "the built-in lanes", doc: "Lanes in order: the first whose when is true takes the issue; the last must always be true."},
		"policy.lanes[].name":     {required: true, form: formName, doc: "Unique name; the label is lane:NAME."},
		"policy.lanes[].why":      {given: "none", doc: "A sentence for people."},
		"policy.lanes[].when":     {required: true, doc: expr + " Whether an issue belongs here."},
		"policy.lanes[].stay":     {given: "when", doc: expr + " Keeps an issue that is already here, beside when."},
		"policy.lanes[].horizon":  {given: "none", oneOf: []string{"current-sprint", "next-release", "roadmap"}, doc: "Time horizon; the label is horizon:NAME."},
		"policy.lanes[].mode":     {given: "the source's", oneOf: []string{"observe", "suggest", "enforce"}, doc: "Mode of this lane, if it is narrower than the source's."},
		"policy.lanes[].priority": {given: "no bounds", doc: "Bounds of the priority inside the lane."},
		"policy.lanes[].priority.at_least": {
			doc: "Least priority."},
		"policy.lanes[].priority.at_most": {doc: "Highest priority."},
		"policy.lanes[].sla":              {given: "none", doc: "Name of the SLA under slas."},
		"policy.lanes[].share":            {given: "no target", doc: "Target share of the open issues."},
		"policy.lanes[].share.min":        {least: ptr(0), most: ptr(1), doc: "Least share, as a fraction."},
		"policy.lanes[].share.max":        {least: ptr(0), most: ptr(1), doc: "Largest share, as a fraction."},
		"policy.lanes[].owner":            {given: "nobody is assigned", doc: "Who gets the lane's issues."},
		"policy.lanes[].owner.assign":     {doc: "E-mail address or account id. This or on_call."},
		"policy.lanes[].owner.on_call":    {doc: "Name of a rota under on_call: whoever is on duty when an issue of this lane is first given an owner."},
		"policy.lanes[].owner.handover": {given: "stay", oneOf: []string{"stay", "follow"},
			doc: "When somebody else is on duty: stay leaves the issues with who got them; follow gives them to the next one."},
		"policy.lanes[].approvers": {given: "everybody", doc: "Who may move issues into and out of the lane: e-mail addresses, account ids, or in Jira group:NAME."},
		"policy.lanes[].contested": {given: "flag", oneOf: []string{"flag", "restore"},
			doc: "What happens to a move by anybody else: flag keeps it until an approver decides; restore writes the policy's value back."},
		"policy.lanes[].min_confidence": {given: "0", least: ptr(0), most: ptr(1), doc: "Least confidence of the score with which issues here are written to."},
		"policy.lanes[].alarm_above":    {given: "no alarm", least: ptr(0), doc: "Number of issues above which the lane is reported."},

		"policy.slas":                              {given: "none", doc: "Respond and resolve promises, by name."},
		"policy.slas.*":                            {doc: "One SLA."},
		"policy.slas.*.calendar":                   {given: "all hours of all days", doc: "Working time of the team."},
		"policy.slas.*.calendar.timezone":          {required: true, doc: "Time zone, by its IANA name."},
		"policy.slas.*.calendar.hours":             {doc: "Working hours by day or range of days."},
		"policy.slas.*.calendar.hours.*":           {doc: "From and to, such as 09:00-18:00, or 22:00-06:00 over midnight; several with commas."},
		"policy.slas.*.calendar.holidays":          {given: "none", doc: "Days off, such as 2026-12-25."},
		"policy.slas.*.calendar.holiday_calendars": {given: "none", doc: "Countries, or parts of them, whose holidays are days off too: de, de-by, us, gb."},
		"policy.slas.*.starts":                     {given: "created", oneOf: []string{"created", "entered_lane", "label"}, doc: "What starts the clock."},
		"policy.slas.*.label":                      {doc: "The label that starts the clock, where starts is label."},
		"policy.slas.*.pauses":                     {given: "none", doc: "What stops the clock."},
		"policy.slas.*.pauses.statuses":            {doc: "Names of statuses."},
		"policy.slas.*.pauses.labels":              {doc: "Labels."},
		"policy.slas.*.warn_at":                    {given: "no warning", doc: "Fractions of the target at which to warn."},
		"policy.slas.*.responds":                   {given: "both", doc: "What meets a respond target, done by a person who is not the reporter: comment, status."},
		"policy.slas.*.targets":                    {required: true, doc: "Targets in order; the first whose when is true counts."},
		"policy.slas.*.targets[].when":             {given: "always", doc: expr},
		"policy.slas.*.targets[].respond":          {given: "no target", doc: "Time to the first response, in hours of the calendar."},
		"policy.slas.*.targets[].resolve":          {given: "no target", doc: "Time to the resolution, in hours of the calendar: a day is 24 of them."},

		"policy.slas.*.comment":            {given: "no comment", doc: "Has the marked comment of an issue say how the SLA stands, for those who speak with the customer: state, expected time, workaround. Written in enforce mode."},
		"policy.slas.*.comment.from":       {required: true, oneOf: []string{"at_risk", "breached"}, doc: "When the comment begins to speak of the SLA; it goes on until the issue is closed."},
		"policy.slas.*.comment.workaround": {given: "none", doc: "Custom field, by its name under fields, whose text is told as the workaround."},

		"policy.post_mortem":           {given: "none is asked for", doc: "Which completed issues ask for a post-mortem: the label needs:post-mortem and a template in the marked comment. Written in enforce mode."},
		"policy.post_mortem.completed": {given: "none", doc: "Lanes all of whose completed issues ask for one."},
		"policy.post_mortem.missed":    {given: "none", doc: "Lanes whose completed issues ask for one where a target of their SLA ran out."},
		"policy.post_mortem.template":  {given: "a list: what happened, impact, cause, prevention, owner, due", doc: "The text to fill in: paragraphs, and lines that start with \"- \"."},
		"policy.inflation":             {doc: "How much may be urgent; a breach is reported by policy report, never enforced. No part of the policy's hash."},
		"policy.inflation.urgent_high": {above: ptr(0), most: ptr(1), given: "no limit", doc: "Most of the open issues that may be urgent or high, as a fraction."},
		"policy.overrides":             {doc: "How people's own changes are treated."},
		"policy.overrides.ttl":         {given: "until a person takes it back", doc: "Time after which lanekeeper may change the field again."},
		"policy.overrides.release":     {given: "never", oneOf: []string{"lane_change"}, doc: "lane_change ends overrides when the policy moves the issue to another lane."},
		"policy.overrides.first_sight": {given: "adopt for assignee and due, claim for the rest", doc: "What happens to values that were there before lanekeeper, by field."},
		"policy.overrides.first_sight.*": {oneOf: []string{"adopt", "claim"},
			doc: "adopt keeps the value as an override; claim changes it."},
		"policy.comments":         {doc: "When lanekeeper comments beside the proposals of suggest mode."},
		"policy.comments.enforce": {given: "off", oneOf: []string{"off", "first"}, doc: "first explains the first change of a lane to a person's issue in a comment, once for each person and lane."},
		"policy.settle":           {given: "0", doc: "How long an issue must have been out of a lane or band before it may return."},
		"policy.marks":            {given: "none", doc: "Further managed labels that follow the score, such as moscow:must."},
		"policy.marks[].prefix":   {required: true, doc: "Prefix of the label, without the colon."},
		"policy.marks[].bands":    {required: true, doc: "Lower edge of each value; the lowest must be 0."},
		"policy.marks[].bands.*": {least: ptr(0), most: ptr(100),
			doc: "Score at which the value begins."},
		"policy.marks[].margin": {given: "0", least: ptr(0), doc: "How far beyond an edge the score must be to leave a band."},
		"policy.marks[].cap":    {given: "none", doc: "Largest share of open issues that may carry a value; more is reported."},
		"policy.marks[].cap.*":  {least: ptr(0), most: ptr(1), doc: "Share, as a fraction."},

		"policy.teams": {given: "none", doc: "Policies of single sources (payments) or projects (payments/PAY). Each changes only what it names: mappings are merged, " +
			"lanes are merged by name and new ones go before the last, marks are merged by prefix, other lists are replaced, and an empty value inside a lane takes the base's away."},
		"policy.teams.*": {doc: "A partial policy; the keys are those of policy."},
	}
}

// exampleKeys describe the issues that people write as examples of a lane.
func exampleKeys() map[string]key {
	const at = "policy.lanes[].examples"
	t := map[string]key{
		at: {given: "none", doc: "Issues that must land in this lane; lanekeeper policy test checks them. What is left out is empty."},

		at + "[].kind":             {given: "other", doc: "Kind of the issue."},
		at + "[].category":         {given: "unstarted", doc: "Class of the status."},
		at + "[].priority":         {given: "none", oneOf: []string{"urgent", "high", "medium", "low", "none"}, doc: "Priority."},
		at + "[].links":            {given: "none", doc: "Links to other issues."},
		at + "[].links[].open":     {given: "true", doc: "Whether the other issue is open."},
		at + "[].links[].type":     {doc: "What this issue does to the other."},
		at + "[].links[].key":      {doc: "Key of the other issue."},
		at + "[].customers":        {given: "none", doc: "Customers that asked for it."},
		at + "[].fields":           {given: "none", doc: "Custom fields by name."},
		at + "[].fields.*":         {doc: "Text, a number or a list of texts."},
		at + "[].unknown":          {given: "none", doc: "Names of fields that failed to load."},
		at + "[].sprint_active":    {given: "false", doc: "Whether the sprint or cycle is the present one."},
		at + "[].customers[].name": {doc: "Name of the customer."}, at + "[].customers[].tier": {doc: "Tier of the customer."},
		at + "[].customers[].revenue":   {doc: "Revenue a year."},
		at + "[].customers[].size":      {doc: "Seats or employees."},
		at + "[].customers[].important": {doc: "Whether the request is marked as important."},
	}
	for name, doc := range map[string]string{
		"key": "Key.", "project": "Project or team key.", "source": "Name of the source.", "raw_kind": "The tracker's own type.",
		"title": "Title.", "description": "Description.", "status": "Name of the status.", "raw_priority": "The tracker's own priority.",
		"labels": "Labels.", "components": "Components.", "reporter": "Who reported it.", "assignee": "Who works on it.",
		"created": "When it was created.", "updated": "When it changed last.", "started": "When work began.", "resolved": "When it was done.",
		"due": "Due date.", "estimate": "Estimate, in the team's unit.", "parent": "Key of the parent.",
		"blocks_count": "Open issues that it blocks, in place of links.", "blocked_count": "Open issues that block it, in place of links.",
		"votes": "Votes.", "watchers": "Watchers.", "comments": "Comments.", "sprint": "Name of the sprint or cycle.",
		"milestone": "Milestone or fix version.", "milestone_ends": "When the milestone ends.", "url": "Its page.",
	} {
		t[at+"[]."+name] = key{doc: doc}
	}
	return t
}
