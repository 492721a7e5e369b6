//go:build race

package simulation

// raceEnabled tells that the race detector watches.
const raceEnabled = true
