package config

import "time"

// minRotaAge is twice the time between two readings.
const minRotaAge = 10 * time.Minute

func onCallKeys() map[string]key {
	t := map[string]key{
		"on_call":        {given: "none", doc: "Rotas: who is on duty. Lanes name one with owner.on_call."},
		"on_call[].name": {required: true, form: formName, doc: "Unique name."},
		"on_call[].max_age": {def: "1h", shortest: minRotaAge, doc: "Age of the last reading above which it is not known who is on duty. Rotas are read every five minutes. " +
			"A JSON file is as old as its last change."},
		"on_call[].ics": {doc: "A calendar in the iCalendar format (.ics). The event that lasts now says who is on duty; of several the one that began last. " +
			"A rota has one of ics, json and linear_triage."},
		"on_call[].ics.timezone":  {given: "the calendar's X-WR-TIMEZONE, else UTC", doc: "Zone of days, and of times that name none."},
		"on_call[].json":          {doc: `A JSON document as PagerDuty answers to GET /oncalls, or a list of {"email", "start", "end"}. Of several the lowest escalation_level counts.`},
		"on_call[].json.schedule": {given: "every schedule", doc: "Id or name of the only schedule that counts."},
		"on_call[].linear_triage": {def: "false", doc: "Whoever is responsible for the triage of the issue's team in Linear."},
	}
	for _, kind := range []string{"ics", "json"} {
		at := "on_call[]." + kind
		t[at+".path"] = key{given: "a URL is asked", form: formFilled, doc: "The file. This, url, url_file or url_env is required."}
		t[at+".url"] = key{form: formURL, given: "a file is read", doc: "Address."}
		t[at+".url_file"] = key{doc: "File with an address that is secret itself, as those of private calendars are."}
		t[at+".url_env"] = key{doc: "Environment variable with such an address."}
		t[at+".token_file"] = key{doc: "File with a token to send."}
		t[at+".token_env"] = key{doc: "Environment variable with a token to send."}
		t[at+".token_prefix"] = key{def: `"Bearer "`, doc: "What stands before the token in the Authorization header; for an API key of PagerDuty \"Token token=\"."}
		t[at+".people"] = key{given: "none", doc: "E-mail addresses or account ids by what the place calls people."}
		t[at+".people.*"] = key{doc: "E-mail address or account id."}
	}
	return t
}
