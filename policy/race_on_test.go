//go:build race

package policy

// underRace: the race detector makes pools forget at random.
const underRace = true
