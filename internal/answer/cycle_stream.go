package answer

import (
	"bufio"
	"encoding/json"
	"io"
	"strings"
)

// stream writes the answer of WriteJSON with changes that are visited one by
// one instead of being in memory.
func (c Cycle) stream(w io.Writer) error {
	each := c.Each
	c.Changes, c.Each = []Change{}, nil
	var frame strings.Builder
	if err := WriteJSON(&frame, c); err != nil {
		return err
	}
	const none = `"changes": []`
	head, tail, _ := strings.Cut(frame.String(), none)
	out := bufio.NewWriterSize(w, 64<<10)
	if _, err := out.WriteString(head + none[:len(none)-1]); err != nil {
		return err
	}
	var one strings.Builder
	e := json.NewEncoder(&one)
	e.SetEscapeHTML(false)
	e.SetIndent("    ", "  ")
	before := "\n    "
	err := each(func(ch Change) error {
		one.Reset()
		one.WriteString(before)
		before = ",\n    "
		if err := e.Encode(ch); err != nil {
			return err
		}
		_, err := out.WriteString(strings.TrimSuffix(one.String(), "\n"))
		return err
	})
	if err != nil {
		return err
	}
	if _, err := out.WriteString("\n  ]" + tail); err != nil {
		return err
	}
	return out.Flush()
}
