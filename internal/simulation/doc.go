// Package simulation proves the promises on whole worlds: the program itself, but
// for its server, with its real connectors against the simulated trackers, its
// loops, SLA timers, alerts and state file, for two weeks of virtual time, with
// people who edit at the same moment, faults at every step, channels that refuse,
// forget and hang, kills, restarts, reloads, pauses and undos. Everything follows
// from one seed. The worlds are in this package's tests:
//
//	go test ./internal/simulation -seeds 500     # worlds 1 to 500
//	go test ./internal/simulation -run TestWorlds -from 501 -seeds 500
//	go test ./internal/simulation -run TestWorlds -seed 17 -v
//
// # How a world replays exactly
//
// A seed makes a script: what the world is like and a list of events, each with
// its moment and all chance that it needs. Nothing else is drawn at random. The
// connectors have several requests under way at once; each of them reaches its
// tracker at a moment of its own, some milliseconds later, which follows from
// the seed, what the request is and how often it was seen. Virtual time moves
// only when everything waits, so requests never race. Two runs of a seed give
// the same trace; TestReplay holds the package to that. What two sources do in
// the same moment has no order: each has a trace of its own.
//
// # What is demanded
//
// See ledger_test.go for what people and lanekeeper may do to an issue,
// order_test.go for what must be so after a cycle and at the end, and
// alerts_test.go for what channels must be told: each breach and warning once, at
// the instant that the ledger's own account of the clock gives, to the second
// where nothing was in the way, and nothing else. A later feature adds its own
// demands there: world.watch is called after every cycle, source.compare after
// every write, world.heard with every line that a channel gets, world.atEnd when
// everything has come to order.
//
// TestTeeth plants mistakes at the seams (mutant_test.go) and demands that each
// is found: a new demand deserves a mistake of its own there.
package simulation
