package state

import (
	"bytes"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

// fill gives every exported field of a value something that storing keeps, so
// that a field that was added and forgotten here shows up as lost.
func fill(v reflect.Value, r *rand.Rand) {
	if v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.UnixMilli(1 + r.Int64N(4e12)).UTC()))
		return
	}
	switch v.Kind() {
	case reflect.Struct:
		for n := range v.NumField() {
			fill(v.Field(n), r)
		}
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), r)
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1+r.IntN(3), 3))
		for n := range v.Len() {
			fill(v.Index(n), r)
		}
	case reflect.Map:
		v.Set(reflect.MakeMap(v.Type()))
		for range 1 + r.IntN(3) {
			key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(key, r)
			fill(value, r)
			v.SetMapIndex(key, value)
		}
	case reflect.String:
		b := make([]byte, 1+r.IntN(40))
		for n := range b {
			b[n] = byte(r.Uint32())
		}
		v.SetString(string(b))
	case reflect.Int, reflect.Int64:
		v.SetInt(1 + r.Int64N(math.MaxInt32))
	case reflect.Uint8, reflect.Uint32, reflect.Uint64:
		v.SetUint(1 + r.Uint64N(200))
	case reflect.Float64:
		v.SetFloat(r.NormFloat64() * 1e3)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("fill: " + v.Type().String())
	}
}

func filled[V any](seed uint64) V {
	var v V
	fill(reflect.ValueOf(&v).Elem(), rand.New(rand.NewPCG(seed, 1)))
	return v
}

func testCodec(t testing.TB) *codec {
	t.Helper()
	c, err := newCodec()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryFieldOfARecordComesBack(t *testing.T) {
	c := testCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		want := filled[Record](rapid.Uint64().Draw(t, "seed"))
		v, err := c.encodeRecord(&want, rapid.SliceOfN(rapid.String(), 0, 2).Draw(t, "former keys"))
		if err != nil {
			t.Fatal(err)
		}
		v.setLoggedAs(want.LoggedAs)
		if err := v.check(); err != nil {
			t.Fatal(err)
		}
		got, err := c.decodeRecord(want.Issue.Source, want.Issue.ID, v, v.decision())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&want, got); d != "" {
			t.Fatal(d)
		}
		again, err := c.encodeRecord(got, nil)
		if err != nil {
			t.Fatal(err)
		}
		if first, err := c.encodeRecord(&want, nil); err != nil || !bytes.Equal(first, again) {
			t.Fatal("the same record has two encodings")
		}
	})
}

func TestFactsOfAStoredRecordAreThoseOfTheRecord(t *testing.T) {
	c := testCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		r := filled[Record](rapid.Uint64().Draw(t, "seed"))
		v, err := c.encodeRecord(&r, nil)
		if err != nil {
			t.Fatal(err)
		}
		v.setLoggedAs(r.LoggedAs)
		got, err := c.facts(v, v.decision())
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(factsOf(&r), got, cmp.AllowUnexported(facts{}), cmpopts.EquateEmpty()); d != "" {
			t.Fatal(d)
		}
	})
}

func TestEveryFieldOfALoggedDecisionComesBack(t *testing.T) {
	c := testCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		want := filled[Logged](rapid.Uint64().Draw(t, "seed"))
		r := Record{}
		r.Issue.ID, r.Issue.Key = want.ID, want.Key
		e := newEncoder(c)
		if err := e.add(want.Source, &Update{Record: &r, Decision: &want.Decision, Cause: want.Cause}, time.Time{}); err != nil {
			t.Fatal(err)
		}
		head, err := c.enc.Marshal(&storedHead{Source: want.Source, ID: want.ID, Key: want.Key, Cause: want.Cause,
			Lane: want.Before.Lane, Priority: uint8(want.Before.Priority), Score: want.Before.Score})
		if err != nil {
			t.Fatal(err)
		}
		v := e.loggedOf(0).withHead(head)
		v.setPrevious(want.Previous)
		got, err := c.decodeLogged(want.Seq, v)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if v.at() != want.Decision.At.UnixMilli() {
			t.Fatalf("at = %d", v.at())
		}
	})
}

func TestEveryFieldOfAnActComesBack(t *testing.T) {
	c := testCodec(t)
	rapid.Check(t, func(t *rapid.T) {
		want := filled[Act](rapid.Uint64().Draw(t, "seed"))
		before := [32]byte{7, 31: 9}
		v, err := c.encodeAct(&want, before)
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.decodeAct(want.Seq, v)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Fatal(d)
		}
		if v.at() != want.At.UnixMilli() || v.actBefore() != before {
			t.Fatalf("at = %d, before = %x", v.at(), v.actBefore())
		}
		if !v.isAct() || v.check() == nil {
			t.Fatal("a reader of decisions could take an act for one")
		}
	})
}

func TestEveryFieldOfTheSmallValuesComesBack(t *testing.T) {
	c := testCodec(t)
	for seed := range uint64(50) {
		roundTrip(t, c, filled[SourceState](seed), storeSourceValue, func(s *storedSource, _ SourceState) SourceState { return s.load() })
		roundTrip(t, c, filled[Plan](seed), func(p Plan) storedPlan { return storePlan(&p) }, func(s *storedPlan, p Plan) Plan { return s.load(p.ID) })
		roundTrip(t, c, filled[Entry](seed), func(e Entry) storedEntry { return storeEntry(&e) }, func(s *storedEntry, e Entry) Entry { return s.load(e.Plan, e.N) })
		roundTrip(t, c, filled[Pause](seed), storePause, func(s *storedPause, _ Pause) Pause { return s.load() })
	}
}

func storeSourceValue(s SourceState) storedSource { return storeSource(&s) }

func roundTrip[V, S any](t *testing.T, c *codec, want V, store func(V) S, load func(*S, V) V) {
	t.Helper()
	stored := store(want)
	b, err := c.value(&stored)
	if err != nil {
		t.Fatal(err)
	}
	var back S
	if err := c.read(b, &back); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, load(&back, want)); d != "" {
		t.Error(d)
	}
}

func TestOddNumbersAndTimesSurvive(t *testing.T) {
	c := testCodec(t)
	r := sampleRecord("jira", 1)
	r.Decision.Score, r.Decision.Effort, r.Decision.Confidence = math.Inf(1), math.NaN(), math.SmallestNonzeroFloat64
	r.Issue.Created = time.Date(1, 1, 1, 0, 0, 0, 1e6, time.UTC)
	r.Issue.Updated = time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("", 3600))
	r.Issue.Votes = math.MinInt64
	v, err := c.encodeRecord(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	got, err := c.decodeRecord("jira", r.Issue.ID, v, v.decision())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(r, got, cmpopts.EquateNaNs()); d != "" {
		t.Error(d)
	}
}

func TestWordsComeBack(t *testing.T) {
	b := newWordBook()
	if len(b.words) != len(words) || len(b.codes) != len(words) {
		t.Error("a word is there twice")
	}
	texts := []string{"", "\x00", "\x00\x01", "\x01", "\x1f", " ", "\u0080", "\u0099", "\u07ff", "\u0800", "é", "\xff", "x", "hotfix!"}
	texts = append(texts, words[:]...)
	for _, s := range texts {
		if got := b.unpack(b.pack(s)); got != s {
			t.Errorf("%q came back as %q", s, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if s := rapid.String().Draw(t, "text"); b.unpack(b.pack(s)) != s {
			t.Fatalf("%q came back otherwise", s)
		}
	})
}

// TestWordsStayAtTheirPlaces holds a few of the stored codes fast: files in
// use depend on them.
func TestWordsStayAtTheirPlaces(t *testing.T) {
	b := newWordBook()
	for code, word := range map[string]string{"\x01": "hotfix", "\x0b": "roadmap", "\x1f": "issue.fields", "\u0080": "issue.fields.customer_tier", "\u0099": "wont"} {
		if b.words[code] != word {
			t.Errorf("%q stands for %q, and files say %q", code, b.words[code], word)
		}
	}
}

// damageSeeds are encoded values to begin a search for panics with.
func damageSeeds(c *codec) [][]byte {
	e := newEncoder(c)
	r := sampleRecord("jira", 1)
	if err := e.add("jira", &Update{Record: r, Decision: &r.Decision}, epoch()); err != nil {
		panic(err)
	}
	return [][]byte{nil, {1}, e.recordOf(0), e.loggedOf(0), gapValue(7, [32]byte{1}), e.recordOf(0).withoutDecision()}
}

// decodeAll reads bytes as every kind of value.
func decodeAll(c *codec, b []byte) {
	if v := recordValue(b); v.check() == nil {
		_, _ = c.decodeRecord("jira", "1", v, v.decision())
		_, _ = c.facts(v, v.decision())
	}
	if v := logValue(b); v.check() == nil {
		_, _ = c.decodeLogged(1, v)
	}
	if v := logValue(b); v.isAct() {
		_, _ = c.decodeAct(1, v)
		_ = v.actBefore()
	}
	_ = Decoder{c}.Chained(1, [32]byte{}, b)
	_, _ = Decoder{c}.Write(b)
	for _, into := range []any{&storedSource{}, &storedPlan{}, &storedEntry{}, &storedPause{}, &storedPolicy{}, &sums{}} {
		_ = c.read(b, into)
	}
	if id, err := parseID(b); err == nil && !bytes.Equal(appendID(nil, id), b) {
		panic("an id has two keys: " + id)
	}
	_, _, _ = parseEntryKey(b)
	_ = afterID(b)
}

func FuzzDecodersNeverPanic(f *testing.F) {
	c := testCodec(f)
	for _, seed := range damageSeeds(c) {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, b []byte) { decodeAll(c, b) })
}

func TestDamagedBytesNeverPanic(t *testing.T) {
	c, r := testCodec(t), rand.New(rand.NewPCG(3, 4))
	for _, seed := range damageSeeds(c) {
		for range 3000 {
			b := bytes.Clone(seed)
			for range 1 + r.IntN(4) {
				if len(b) > 0 {
					b[r.IntN(len(b))] = byte(r.Uint32())
				}
			}
			decodeAll(c, b[:r.IntN(len(b)+1)])
		}
	}
}
