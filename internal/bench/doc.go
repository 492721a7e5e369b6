// Package bench measures the whole binary against trackers with large
// backlogs, and beside it the least that such a job costs: a bare loop. See
// docs/performance.md for how to run it and what it found.
package bench
