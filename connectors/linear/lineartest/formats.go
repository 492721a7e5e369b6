package lineartest

import (
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/vektah/gqlparser/v2/ast"
)

// checkFormat looks through an input value for dates and ids that are not in
// the form that the scalar's name promises.
func checkFormat(schema *ast.Schema, t *ast.Type, v any, where string) error {
	if v == nil {
		return nil
	}
	if t.Elem != nil {
		for i, e := range toList(v) {
			if err := checkFormat(schema, t.Elem, e, fmt.Sprintf("%s[%d]", where, i)); err != nil {
				return err
			}
		}
		return nil
	}
	def := schema.Types[t.NamedType]
	if m, ok := v.(map[string]any); ok && def != nil && def.Kind == ast.InputObject {
		for _, f := range def.Fields {
			if err := checkFormat(schema, f.Type, m[f.Name], where+"."+f.Name); err != nil {
				return err
			}
		}
		return nil
	}
	return checkScalar(t.NamedType, v, where)
}

func checkScalar(scalar string, v any, where string) error {
	var ok bool
	s, isText := v.(string)
	switch scalar {
	case "DateTime":
		_, err := time.Parse(time.RFC3339, s)
		ok = isText && err == nil
	case "TimelessDate":
		_, err := time.Parse(time.DateOnly, s)
		ok = isText && err == nil
	case "UUID":
		ok = isText && isUUID(s)
	case "DateTimeOrDuration", "TimelessDateOrDuration":
		_, err := parseMoment(s, time.Time{})
		ok = isText && err == nil
	default:
		ok = true
	}
	if !ok {
		return fmt.Errorf("%s: %v is not a %s", where, v, scalar)
	}
	return nil
}

func isUUID(s string) bool {
	_, err := uuid.Parse(s)
	return err == nil && len(s) == 36
}

var (
	isoDuration = regexp.MustCompile(`^([+-]?)P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$`)
	momentForms = []string{time.RFC3339, "2006-01-02T15:04", time.DateOnly, "2006-01", "2006"}
)

// parseMoment reads what date filters take: a time, a shortcut such as 2021 or
// 2021-05, or an ISO 8601 duration relative to now.
func parseMoment(s string, now time.Time) (time.Time, error) {
	for _, form := range momentForms {
		if t, err := time.Parse(form, s); err == nil {
			return t.UTC(), nil
		}
	}
	m := isoDuration.FindStringSubmatch(s)
	if m == nil || strings.HasSuffix(s, "P") || strings.HasSuffix(s, "T") {
		return time.Time{}, fmt.Errorf("%q is neither a date nor a duration", s)
	}
	var n [8]int
	for i := 2; i < len(m); i++ {
		_, _ = fmt.Sscanf(m[i], "%d", &n[i-2])
		if m[1] == "-" {
			n[i-2] = -n[i-2]
		}
	}
	d := time.Duration(n[4])*time.Hour + time.Duration(n[5])*time.Minute + time.Duration(n[6])*time.Second
	return now.AddDate(n[0], n[1], 7*n[2]+n[3]).Add(d), nil
}
