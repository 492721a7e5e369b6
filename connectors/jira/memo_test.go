package jira

import (
	"errors"
	"strconv"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

func TestMemoReadsTheSameValueOnceAndForgetsErrors(t *testing.T) {
	var m memo[string]
	reads := 0
	read := func(v jsontext.Value) (string, error) {
		reads++
		if string(v) == "bad" {
			return "", errors.New("bad")
		}
		return "read " + string(v), nil
	}
	buffer := jsontext.Value(`"a"`)
	for range 3 {
		if got, err := m.read(buffer, read); got != `read "a"` || err != nil {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	buffer[1] = 'b' // the page's buffer is used again: what was remembered must not change
	if got, _ := m.read(buffer, read); got != `read "b"` || reads != 2 {
		t.Errorf("got %q after %d reads, want 2", got, reads)
	}
	for range 2 {
		if _, err := m.read(jsontext.Value("bad"), read); err == nil {
			t.Error("the error was forgotten")
		}
	}
	for k := range 3 * memoEntries {
		if _, err := m.read(jsontext.Value(strconv.Itoa(k)), read); err != nil || len(m.known) > memoEntries {
			t.Fatalf("%d entries, %v", len(m.known), err)
		}
	}
}
