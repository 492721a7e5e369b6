package config

import "time"

func alertKeys() map[string]key {
	return map[string]key{
		"alerts":                     {doc: "Who is told of urgent things."},
		"alerts.alertmanager":        {doc: "Prometheus Alertmanagers that receive every alert."},
		"alerts.alertmanager.urls":   {given: "none", doc: "Their addresses."},
		"alerts.alertmanager.urls[]": {form: formURL, doc: "Base URL of one Alertmanager."},
		"alerts.channels":            {given: "none", doc: "Chat, mail and paging channels, as shoutrrr URLs."},
		"alerts.channels[].name":     {required: true, form: formName, doc: "Unique name."},
		"alerts.channels[].url":      {required: true},
		"alerts.channels[].url_file": {doc: "File with the channel's shoutrrr URL. This or url_env is required."},
		"alerts.channels[].url_env":  {doc: "Environment variable with the channel's shoutrrr URL."},
		"alerts.channels[].lanes":    {given: "all lanes", doc: "Lanes whose issues are reported here. Events about no lane are not narrowed by it."},
		"alerts.channels[].events":   {given: "all events", doc: "Events that are reported here."},
		"alerts.channels[].severities": {given: "all severities",
			doc: "Severities that are reported here."},
		"alerts.channels[].template":       {given: "a headline and a line for each alert", doc: "Text of the messages as a Go template, or @ and the path of a file with one."},
		"alerts.channels[].quiet":          {given: "none", doc: "Hours in which the channel is left in peace; what falls into them is sent as one digest after."},
		"alerts.channels[].quiet.timezone": {def: "UTC", doc: "Time zone of the hours, by its IANA name."},
		"alerts.channels[].quiet.hours":    {required: true, doc: "Quiet hours by day or range of days."},
		"alerts.channels[].quiet.hours.*":  {doc: "From and to, such as 20:00-07:30; several with commas. Hours that end before they begin end on the next day."},
		"alerts.channels[].quiet.always":   {given: "none", doc: "Severities that are sent at once all the same."},
		"alerts.channels[].repeat":         {given: "alerts.repeat", shortest: time.Minute, doc: "Time after which a lasting alert is sent here again."},
		"alerts.channels[].group_wait":     {given: "alerts.group_wait", doc: "How long the first alert of a group waits here for others."},
		"alerts.channels[].max_listed":     {def: "10", least: ptr(1), most: ptr(100), doc: "Most alerts that one message lists; the others are counted."},
		"alerts.channels[].max_per_hour":   {def: "60", least: ptr(1), most: ptr(3600), doc: "Most messages in an hour; what does not fit waits and is grouped."},
		"alerts.channels[].resolved":       {def: "true", doc: "Whether it is also told that something is over."},
		"alerts.repeat":                    {def: "4h", shortest: time.Minute, doc: "Time after which a lasting alert is sent again."},
		"alerts.group_wait":                {def: "30s", doc: "How long the first alert of a group waits for others, so that twenty issues of one outage are one message."},
		"alerts.timeout":                   {def: "20s", shortest: time.Second, doc: "Longest time that one send may take."},
		"alerts.parked_after":              {def: "6h", shortest: time.Minute, doc: "How long an issue must wait after failed writes to be reported as parked_too_long."},
		"alerts.external_url":              {given: "server.listen", form: formURL, doc: "Address at which people reach the page, for links in alerts."},
	}
}
