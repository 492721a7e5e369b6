package fastserver

import (
	"strings"
	"time"
)

// An issue is its position n, 0 for the oldest. What it holds follows from
// that, so that a million of them take no memory.

// variants is how many issues differ in more than number, title and times: the
// parts that they share are made once.
const variants = 120

// firstID is the id of the oldest issue in Jira.
const firstID = 10_000_000

var (
	epoch    = time.Date(2020, 1, 1, 9, 0, 0, 0, time.UTC)
	subjects = [...]string{
		"Checkout fails when the card has expired", "Search forgets the chosen filter", "Export of a long report times out",
		"Let customers rename their own workspace", "Upgrade the message queue to a supported version", "Invoices show the wrong currency sign",
		"Dark theme for the settings pages", "Deployment of the worker needs two attempts", "Session is lost after the laptop wakes up",
		"Show who changed a permission and when",
	}
	// filler makes an issue about 4 KB in full.
	filler = strings.Repeat("When this happens the person sees an empty page and has to start again from the beginning. ", 28)
	labels = [...][]string{{}, {"customer"}, {"backend", "checkout"}, {"ios", "customer", "regression"}}
)

func createdAt(n int) time.Time { return epoch.Add(time.Duration(n) * time.Minute) }

// updatedAt is before the year 2024 for a million issues and more.
func updatedAt(n int) time.Time { return createdAt(n).Add(36 * time.Hour) }

func subject(n int) string { return subjects[n%len(subjects)] }

func (s *Server) initialLabels(n int) []string {
	if s.o.Alike {
		return nil
	}
	return labels[n%len(labels)]
}

// pick chooses one of so many by position, or the first where all are alike.
func (s *Server) pick(n, of int) int {
	if s.o.Alike {
		return 0
	}
	return n % of
}

// stamp appends a time with milliseconds in UTC.
func stamp(b []byte, t time.Time, zone string) []byte {
	y, m, d := t.Date()
	h, min, sec := t.Clock()
	ms := t.Nanosecond() / 1e6
	two := func(v int) { b = append(b, byte('0'+v/10), byte('0'+v%10)) }
	two(y / 100)
	two(y % 100)
	b = append(b, '-')
	two(int(m))
	b = append(b, '-')
	two(d)
	b = append(b, 'T')
	two(h)
	b = append(b, ':')
	two(min)
	b = append(b, ':')
	two(sec)
	b = append(b, '.', byte('0'+ms/100))
	two(ms % 100)
	return append(b, zone...)
}
