package policy

import (
	"fmt"
	"strings"
)

// closest returns the known word that a person most likely meant, or "": it
// differs by few letters, measured by edit distance with transpositions
// (optimal string alignment), or only by case. Known must be in a fixed order.
func closest(word string, known []string) string {
	best, bound := "", 1+len(word)/3
	for _, k := range known {
		if d := editDistance(strings.ToLower(word), strings.ToLower(k)); d <= bound && k != word {
			best, bound = k, d-1
		}
	}
	return best
}

func editDistance(a, b string) int {
	x, y := []rune(a), []rune(b)
	const long = 64 // names are short; a wild one must not cost time
	if len(x) > long || len(y) > long {
		return long
	}
	var before []int
	row := make([]int, len(y)+1)
	for j := range row {
		row[j] = j
	}
	for i := range x {
		next := make([]int, len(y)+1)
		next[0] = i + 1
		for j := range y {
			cost := 1
			if x[i] == y[j] {
				cost = 0
			}
			next[j+1] = min(row[j]+cost, row[j+1]+1, next[j]+1)
			if i > 0 && j > 0 && x[i] == y[j-1] && x[i-1] == y[j] {
				next[j+1] = min(next[j+1], before[j-1]+1)
			}
		}
		before, row = row, next
	}
	return row[len(y)]
}

// didYouMean words a suggestion, "" where nothing is close.
func didYouMean(word string, known []string) string {
	if k := closest(word, known); k != "" {
		return fmt.Sprintf("did you mean %q?", k)
	}
	return ""
}

func quoteList(words []string) string { return strings.Join(words, ", ") }
