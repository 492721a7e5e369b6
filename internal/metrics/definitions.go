package metrics

// Prefix starts every name.
const Prefix = "lanekeeper_"

// Definition describes one metric of the public contract.
type Definition struct {
	Name   string // with the prefix
	Kind   string // counter, gauge or histogram
	Labels []string
	Help   string
}

func def(kind, name, help string, labels ...string) Definition {
	return Definition{Name: Prefix + name, Kind: kind, Labels: labels, Help: help}
}

// Definitions lists every metric in the order of the documentation.
func Definitions() []Definition {
	const c, g, h = "counter", "gauge", "histogram"
	return []Definition{
		def(g, "build_info", "Always 1; the labels tell what runs.", "version", "revision", "goversion"),
		def(g, "issues", "Open issues by lane; the empty lane holds the undecided.", "source", "lane"),
		def(g, "cycle_last_success_timestamp_seconds", "When the last good cycle ended.", "source"),
		def(h, "cycle_duration_seconds", "How long the steps of a cycle take.", "source", "step"),
		def(g, "cycle_consecutive_failures", "Failed cycles since the last good one.", "source"),
		def(c, "requests_total", "Attempts at requests to the tracker.", "source", "operation", "outcome"),
		def(g, "request_budget_remaining_ratio", "What is left of the tracker's request budget, 0 to 1.", "source", "budget"),
		def(c, "changes_total", "Changes by what became of them.", "source", "field", "outcome"),
		def(g, "overrides", "Managed fields that stay as people set them.", "source", "field"),
		def(g, "contested", "Moves of the lane that wait for the word of an approver of the lane.", "source", "lane"),
		def(c, "flaps_total", "Decisions that would have returned to the previous value within settle and were held.", "source"),
		def(g, "parked_issues", "Issues that wait after a failed write.", "source"),
		def(g, "guard_tripped", "1 while a plan waits for approval.", "source"),
		def(g, "paused", "1 while all writes are stopped."),
		def(g, "sla_issues", "Open issues under an SLA by the state of its clock.", "source", "lane", "sla", "state"),
		def(g, "sla_next_breach_timestamp_seconds", "When the next clock runs out.", "source", "sla"),
		def(c, "sla_breaches_total", "Clocks that ran out.", "source", "sla"),
		def(g, "sla_attainment_ratio", "Targets reached in time, of those that were reached or ran out in the window, 0 to 1; window is 1d, 7d, 30d or 90d.", "source", "sla", "window"),
		def(g, "post_mortems_open", "Post-mortems that are asked for and not done, by the lane in which the issue was completed.", "source", "lane"),
		def(g, "lane_share_ratio", "Share of the open issues in a lane, 0 to 1.", "source", "lane"),
		def(g, "lane_share_target_ratio", "Bounds of a lane's share in the policy; bound is min or max.", "source", "lane", "bound"),
		def(c, "alerts_total", "Alerts by what became of them; a message may tell several.", "channel", "outcome"),
		def(g, "alerts_pending", "Alerts that a channel is still to be told.", "channel"),
		def(g, "alert_channel_last_success_timestamp_seconds", "When a channel last took a message; 0 is not since the start.", "channel"),
		def(g, "alert_channel_consecutive_failures", "Failed sends since the last good one.", "channel"),
		def(g, "config_last_reload_successful", "1 when the last load of the configuration worked."),
		def(g, "state_size_bytes", "Size of the state file."),
		def(g, "on_call_known", "1 while it is known who is on duty in a rota, also where nobody is; 0 while it could not be read for longer than its max_age.", "rota"),
		def(c, "webhooks_total", "Calls of trackers by what became of them.", "source", "outcome"),
	}
}

// lookup finds a definition by its name without the prefix. A name that is not
// defined is a mistake in this package.
func lookup(name string) Definition {
	for _, d := range Definitions() {
		if d.Name == Prefix+name {
			return d
		}
	}
	panic("metrics: " + name + " is not defined")
}
