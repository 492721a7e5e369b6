package answer

import "time"

// Style is how text is rendered. The zero Style is plain, of any width, in UTC
// and with absolute times only.
type Style struct {
	// Color allows escape sequences; the caller decides it from the terminal
	// and NO_COLOR.
	Color bool
	// Width is the number of columns to fit into; 0 is no limit.
	Width int
	// Zone is the zone that times are shown in; nil is UTC.
	Zone *time.Location
	// Now is what relative times are relative to; zero leaves them out.
	Now time.Time
}
