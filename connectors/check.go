package connectors

// Finding is one line of a connector's check: what `lanekeeper check` shows.
type Finding struct {
	Level Level
	What  string // what was looked at, such as "project PAY"
	Text  string // what came out
	Fix   string // what to do; "" where nothing is wrong
}

// Level grades a Finding.
type Level string

// The levels. Only Failed makes a check fail.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Failed  Level = "failed"
)
