package signal

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var (
	noon      = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	morning   = noon.Add(-4 * time.Hour)
	columnsOf = File{Path: "f", Key: "key", Value: "value"}
)

func rows(rs ...row) []row { return rs }

func TestCSV(t *testing.T) {
	withTime := columnsOf
	withTime.Time = "at"
	for name, tc := range map[string]struct {
		file File
		text string
		want []row
	}{
		"plain": {columnsOf, "key,value\nA-1,3\nA-2,4.5\n", rows(row{"A-1", 3, noon}, row{"A-2", 4.5, noon})},
		"byte order mark, semicolons, carriage returns": {columnsOf, "\ufeffkey;value\r\nA-1;3\r\n", rows(row{"A-1", 3, noon})},
		"tabs":                              {columnsOf, "key\tvalue\nA-1\t3\n", rows(row{"A-1", 3, noon})},
		"other columns, another order":      {columnsOf, "note,value,key\n\"x, y\",3,A-1\n", rows(row{"A-1", 3, noon})},
		"quoted line breaks and quotes":     {columnsOf, "key,note,value\n\"A-1\",\"two\nlines \"\"so\"\"\",3\nA-2,,4\n", rows(row{"A-1", 3, noon}, row{"A-2", 4, noon})},
		"spaces around":                     {columnsOf, "key , value\n A-1 , 3 \n", rows(row{"A-1", 3, noon})},
		"no line end at the end":            {columnsOf, "key,value\nA-1,3", rows(row{"A-1", 3, noon})},
		"empty keys and values are no rows": {columnsOf, "key,value\n,3\nA-1,\n\n", nil},
		"a header alone is no rows":         {columnsOf, "key,value\n", nil},
		"negative and exponent":             {columnsOf, "key,value\nA-1,-3\nA-2,1e3\n", rows(row{"A-1", -3, noon}, row{"A-2", 1000, noon})},
		"times in every form": {withTime, "key,value,at\nA,1,2026-11-21T08:00:00Z\nB,1,2026-11-21T09:00:00+01:00\nC,1,1795248000\nD,1,1795248000000\nE,1,\n",
			rows(row{"A", 1, morning}, row{"B", 1, morning}, row{"C", 1, morning}, row{"D", 1, morning}, row{"E", 1, noon})},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseCSV([]byte(tc.text), tc.file, noon)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got, cmp.AllowUnexported(row{})); diff != "" {
				t.Errorf("want - got +\n%s", diff)
			}
		})
	}
}

func TestCSVThatIsWrongSaysWhere(t *testing.T) {
	withTime := columnsOf
	withTime.Time = "at"
	for name, tc := range map[string]struct {
		file       File
		text, want string
	}{
		"an empty file":         {columnsOf, "", "line 1: a header line is missing: the file is empty"},
		"a missing column":      {columnsOf, "key,score\nA,1\n", `line 1: no column "value"; there are key, score`},
		"a missing time column": {withTime, "key,value\nA,1\n", `line 1: no column "at"; there are key, value`},
		"a decimal comma":       {columnsOf, "key;value\nA;1\nB;\"1,5\"\n", `line 3: "1,5" is not a number; write it with a point and without separators of thousands`},
		"after a quoted break":  {columnsOf, "key,note,value\nA,\"x\ny\",1\nB,,x\n", `line 4: "x" is not a number`},
		"not a number":          {columnsOf, "key,value\nA,NaN\n", `line 2: "NaN" is not a number`},
		"too few fields":        {columnsOf, "key,value\nA\n", "record on line 2: wrong number of fields"},
		"a cut quote":           {columnsOf, "key,value\nA,\"1\n", "parse error on line 2, column 6: extraneous or missing \" in quoted-field"},
		"a bad time":            {withTime, "key,value,at\nA,1,yesterday\n", `line 2: "yesterday" is not a time; write RFC 3339 (2026-11-21T09:00:00Z) or seconds since 1970`},
		"a time out of range":   {withTime, "key,value,at\nA,1,1e300\n", "line 2: the time is out of range"},
		"not UTF-8":             {columnsOf, "key,value\n\xff,1\n", "is not UTF-8 text"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := parseCSV([]byte(tc.text), tc.file, noon); err == nil || err.Error() != tc.want {
				t.Errorf("got  %v\nwant %s", err, tc.want)
			}
		})
	}
}

func TestNDJSON(t *testing.T) {
	f := File{Key: "issue.key", Value: "n", Time: "at"}
	text := "\ufeff{\"issue\":{\"key\":\"A-1\"},\"n\":3,\"at\":1795248000}\n\n{\"issue\":{\"key\":7},\"n\":\"2.5\"}\r\n{\"issue\":null,\"n\":3}\n{\"issue\":{\"key\":\"B\"},\"n\":null}\n"
	got, err := parseNDJSON([]byte(text), f, noon)
	if err != nil {
		t.Fatal(err)
	}
	want := rows(row{"A-1", 3, morning}, row{"7", 2.5, noon})
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(row{})); diff != "" {
		t.Errorf("want - got +\n%s", diff)
	}
	for bad, want := range map[string]string{
		"{\"issue\":{\"key\":\"A\"},\"n\":1}\n{\"issue\"": "line 2: is not JSON",
		"[]":                                     `line 1: want an object`,
		"{\"issue\":{\"key\":\"A\"},\"n\":true}": "line 1: n: want text or a number",
		"{\"issue\":{\"key\":{}},\"n\":1}":       "line 1: issue.key: want text or a number",
		"{} {}":                                  "line 1: is not one JSON value",
		"{\"issue\":{\"key\":\"A\"},\"n\":1,\"at\":\"soon\"}": `line 1: at: "soon" is not a time`,
		strings.Repeat(" ", maxLine+1) + "{}":                 "token too long",
	} {
		if _, err := parseNDJSON([]byte(bad), f, noon); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q: got %v, want %s", bad, err, want)
		}
	}
}

// FuzzTables: whatever a file holds, reading it neither panics nor gives a row
// without key or with a value that is no number.
func FuzzTables(f *testing.F) {
	for _, s := range []string{"key,value,at\nA,1,1795248000\n", "\ufeffkey;value\r\n\"A\nB\";2\r\n", "{\"key\":\"A\",\"value\":1}\n", "key\tvalue\n", "{\"key\":[],\"value\":{}}", "\"", "key,value\nA,1e999\n"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, parse := range []parser{parseCSV, parseNDJSON} {
			got, err := parse(data, File{Key: "key", Value: "value", Time: "at"}, noon)
			for _, r := range got {
				if err != nil || r.key == "" || r.value != r.value || r.at.IsZero() && r.at != time.Unix(0, 0) {
					t.Fatalf("%+v, %v", r, err)
				}
			}
		}
	})
}
