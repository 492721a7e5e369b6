// Package simulation proves the promises on whole worlds: the real connectors
// against the simulated trackers, the real loops and the real state file, for
// two weeks of virtual time, with people who edit at the same moment, faults at
// every step, kills, restarts, reloads, pauses and undos. Everything follows
// from one seed. The worlds are in this package's tests:
//
//	go test ./internal/simulation -seeds 500     # worlds 1 to 500
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
// the same trace, line by line; TestReplay holds the package to that.
//
// # What is demanded
//
// See ledger_test.go for what people and lanekeeper may do to an issue, and
// order_test.go for what must be so after a cycle and at the end. A later feature
// adds its own demands there: world.watch is called after every cycle,
// source.compare after every write, world.atEnd when everything has come to
// order. An alert, for one, would be counted where it is received and demanded
// in watch.
//
// TestTeeth plants mistakes at the seams (mutant_test.go) and demands that each
// is found: a new demand deserves a mistake of its own there.
package simulation
