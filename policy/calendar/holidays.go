package calendar

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ar"
	"github.com/rickar/cal/v2/at"
	"github.com/rickar/cal/v2/au"
	"github.com/rickar/cal/v2/be"
	"github.com/rickar/cal/v2/bg"
	"github.com/rickar/cal/v2/br"
	"github.com/rickar/cal/v2/ca"
	"github.com/rickar/cal/v2/ch"
	"github.com/rickar/cal/v2/cz"
	"github.com/rickar/cal/v2/de"
	"github.com/rickar/cal/v2/dk"
	"github.com/rickar/cal/v2/ecb"
	"github.com/rickar/cal/v2/es"
	"github.com/rickar/cal/v2/fr"
	"github.com/rickar/cal/v2/gb"
	"github.com/rickar/cal/v2/gr"
	"github.com/rickar/cal/v2/hr"
	"github.com/rickar/cal/v2/ie"
	"github.com/rickar/cal/v2/it"
	"github.com/rickar/cal/v2/jp"
	"github.com/rickar/cal/v2/lt"
	"github.com/rickar/cal/v2/lv"
	"github.com/rickar/cal/v2/nl"
	"github.com/rickar/cal/v2/no"
	"github.com/rickar/cal/v2/nz"
	"github.com/rickar/cal/v2/pl"
	"github.com/rickar/cal/v2/ro"
	"github.com/rickar/cal/v2/se"
	"github.com/rickar/cal/v2/si"
	"github.com/rickar/cal/v2/sk"
	"github.com/rickar/cal/v2/ua"
	"github.com/rickar/cal/v2/us"
	"github.com/rickar/cal/v2/za"
)

// countries are the named calendars: ISO 3166 codes in lower case, parts of a
// country behind a hyphen.
var countries = map[string][]*cal.Holiday{
	"ar": ar.Holidays, "at": at.Holidays, "be": be.Holidays, "bg": bg.Holidays, "br": br.Holidays, "ca": ca.Holidays,
	"cz": cz.Holidays, "dk": dk.Holidays, "es": es.Holidays, "fr": fr.Holidays, "gb": gb.Holidays, "gr": gr.Holidays,
	"hr": hr.Holidays, "ie": ie.Holidays, "it": it.Holidays, "jp": jp.Holidays, "lt": lt.Holidays, "lv": lv.Holidays,
	"nl": nl.Holidays, "no": no.Holidays, "nz": nz.Holidays, "pl": pl.Holidays, "ro": ro.Holidays, "se": se.Holidays,
	"si": si.Holidays, "sk": sk.Holidays, "ua": ua.Holidays, "us": us.Holidays, "za": za.Holidays,
	"target": ecb.Holidays, // the euro's payment system

	"de": de.Holidays, "de-bb": de.HolidaysBB, "de-be": de.HolidaysBE, "de-bw": de.HolidaysBW, "de-by": de.HolidaysBY,
	"de-hb": de.HolidaysHB, "de-he": de.HolidaysHE, "de-hh": de.HolidaysHH, "de-mv": de.HolidaysMV, "de-ni": de.HolidaysNI,
	"de-nw": de.HolidaysNW, "de-rp": de.HolidaysRP, "de-sh": de.HolidaysSH, "de-sl": de.HolidaysSL, "de-sn": de.HolidaysSN,
	"de-st": de.HolidaysST, "de-th": de.HolidaysTH,

	"au-act": au.HolidaysACT, "au-nsw": au.HolidaysNSW, "au-nt": au.HolidaysNT, "au-qld": au.HolidaysQLD, "au-sa": au.HolidaysSA,
	"au-tas": au.HolidaysTAS, "au-vic": au.HolidaysVIC, "au-wa": au.HolidaysWA,

	"ch": ch.Holidays, "ch-ag": ch.HolidaysAG, "ch-ai": ch.HolidaysAI, "ch-ar": ch.HolidaysAR, "ch-be": ch.HolidaysBE,
	"ch-bl": ch.HolidaysBL, "ch-bs": ch.HolidaysBS, "ch-fr": ch.HolidaysFR, "ch-ge": ch.HolidaysGE, "ch-gl": ch.HolidaysGL,
	"ch-gr": ch.HolidaysGR, "ch-ju": ch.HolidaysJU, "ch-lu": ch.HolidaysLU, "ch-ne": ch.HolidaysNE, "ch-nw": ch.HolidaysNW,
	"ch-ow": ch.HolidaysOW, "ch-sg": ch.HolidaysSG, "ch-sh": ch.HolidaysSH, "ch-so": ch.HolidaysSO, "ch-sz": ch.HolidaysSZ,
	"ch-tg": ch.HolidaysTG, "ch-ti": ch.HolidaysTI, "ch-ur": ch.HolidaysUR, "ch-vd": ch.HolidaysVD, "ch-vs": ch.HolidaysVS,
	"ch-zg": ch.HolidaysZG, "ch-zh": ch.HolidaysZH,
}

// Countries are the names of the calendars that Days takes, sorted.
func Countries() []string { return slices.Sorted(maps.Keys(countries)) }

// Known reports whether there is a calendar of that name, in any case.
func Known(name string) bool {
	_, ok := countries[strings.ToLower(name)]
	return ok
}

// Days are days off: single ones, and the holidays of named calendars. Both the
// holiday itself and the day on which it is made up for are off.
type Days struct {
	Dates     []string // as 2026-12-25
	Calendars []string // names from Countries
}

// set turns days into a test. The years in which calendars are looked up are
// those in which time is counted.
func (d Days) set() func(day int64) bool {
	off := map[int64]bool{}
	for _, s := range d.Dates {
		if t, err := time.Parse(time.DateOnly, s); err == nil {
			off[t.Unix()/daySeconds] = true
		}
	}
	for _, name := range d.Calendars {
		for _, h := range countries[strings.ToLower(name)] {
			for year := earliest.Year(); year <= latest.Year(); year++ {
				actual, observed := h.Calc(year)
				mark(off, actual)
				mark(off, observed)
			}
		}
	}
	return func(day int64) bool { return off[day] }
}

// mark takes the day of a midnight of the machine's own zone. Where that zone
// has no midnight on a day, it is an hour beside it.
func mark(off map[int64]bool, t time.Time) {
	if t.IsZero() {
		return
	}
	y, m, d := t.Add(2 * time.Hour).Date()
	off[time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix()/daySeconds] = true
}
