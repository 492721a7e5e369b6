// Package lineartest is a Linear workspace in memory that answers Linear's
// GraphQL API: the stand-in for the real service in tests, in the demo and in
// simulations. It starts no goroutine, reads no clock but Options.Now, never
// sleeps, and with the same seed and the same calls gives the same bytes.
//
// It refuses what Linear refuses. Where nobody knows what Linear does, Behavior
// has a switch; where Linear fails, a Fault imitates it.
package lineartest
