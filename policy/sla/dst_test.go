package sla_test

import (
	"testing"

	"github.com/lanekeeper/lanekeeper/policy/sla"
)

// Instants in and after the night of a change are given in UTC where the local
// time comes twice.
func TestNightsInWhichClocksAreSet(t *testing.T) {
	const berlin, york, howe, paulo, cairo = "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Cairo"
	every := func(span string) map[string]string { return map[string]string{"mon-sun": span} }
	night := every("22:00-06:00")
	check(t, []row{
		// 29 March 2026: 02:00 becomes 03:00. The night has 7 h.
		{name: "Berlin, spring: the night shift has seven hours", spec: one(7*hour, hours(berlin, night)), issue: born(at(berlin, "2026-03-28 22:00")),
			now: at(berlin, "2026-03-29 04:00"), state: sla.OnTrack, due: at(berlin, "2026-03-29 06:00"), elapsed: 5 * hour},
		{name: "Berlin, spring: the eighth hour is in the next night", spec: one(8*hour, hours(berlin, night)), issue: born(at(berlin, "2026-03-28 22:00")),
			now: at(berlin, "2026-03-29 12:00"), state: sla.OnTrack, due: at(berlin, "2026-03-29 23:00"), elapsed: 7 * hour},
		// 02:30 does not exist: work begins at 03:00, which is 01:00 UTC.
		{name: "Berlin, spring: hours that begin at a time that is left out", spec: one(hour, hours(berlin, every("02:30-05:00"))),
			issue: born(at(berlin, "2026-03-29 00:00")), now: at("UTC", "2026-03-29 01:30"), state: sla.OnTrack, due: at("UTC", "2026-03-29 02:00"), elapsed: 30 * minute},
		{name: "Berlin, spring: hours that lie in what is left out have no time", spec: one(hour, hours(berlin, every("02:00-03:00"))),
			issue: born(at(berlin, "2026-03-28 12:00")), now: at(berlin, "2026-03-29 12:00"), state: sla.OnTrack, due: at(berlin, "2026-03-30 03:00"), elapsed: 0},
		{name: "Berlin, spring: office hours are as long as ever", spec: one(12*hour, office(berlin)), issue: born(at(berlin, "2026-03-27 09:00")),
			now: at(berlin, "2026-03-29 12:00"), state: sla.OnTrack, due: at(berlin, "2026-03-30 12:00"), elapsed: 9 * hour},
		{name: "Berlin, spring: without a calendar a day has 23 hours", spec: one(24*hour, nil), issue: born(at(berlin, "2026-03-28 12:00")),
			now: at(berlin, "2026-03-29 12:00"), state: sla.OnTrack, due: at(berlin, "2026-03-29 13:00"), elapsed: 23 * hour},
		// 25 October 2026: 03:00 becomes 02:00. The night has 9 h; 05:00 local is after 8 h.
		{name: "Berlin, autumn: the night shift has nine hours", spec: one(8*hour, hours(berlin, night)), issue: born(at(berlin, "2026-10-24 22:00")),
			now: at(berlin, "2026-10-25 04:00"), state: sla.OnTrack, due: at(berlin, "2026-10-25 05:00"), elapsed: 7 * hour},
		// 02:00-03:00 twice: 00:00-02:00 UTC.
		{name: "Berlin, autumn: an hour that comes twice counts twice", spec: one(2*hour, hours(berlin, every("02:00-03:00"))),
			issue: born(at(berlin, "2026-10-24 12:00")), now: at("UTC", "2026-10-25 01:30"), state: sla.OnTrack, due: at("UTC", "2026-10-25 02:00"), elapsed: 90 * minute},
		// 02:30-03:00 (00:30-01:00 UTC), then the wall shows 02:00 again; from 02:30 (01:30 UTC) on it counts.
		{name: "Berlin, autumn: hours that begin in the time that comes twice", spec: one(hour, hours(berlin, every("02:30-05:00"))),
			issue: born(at(berlin, "2026-10-24 12:00")), now: at("UTC", "2026-10-25 01:15"), state: sla.OnTrack, due: at("UTC", "2026-10-25 02:00"), elapsed: 30 * minute},

		// 8 March 2026: 02:00 becomes 03:00; 1 November: 02:00 becomes 01:00.
		{name: "New York, spring", spec: one(8*hour, hours(york, night)), issue: born(at(york, "2026-03-07 22:00")),
			now: at(york, "2026-03-08 06:00"), state: sla.OnTrack, due: at(york, "2026-03-08 23:00"), elapsed: 7 * hour},
		{name: "New York, autumn", spec: one(9*hour, hours(york, night)), issue: born(at(york, "2026-10-31 22:00")),
			now: at(york, "2026-11-01 03:00"), state: sla.OnTrack, due: at(york, "2026-11-01 06:00"), elapsed: 6 * hour},
		// One o'clock is 05:00 and 06:00 UTC.
		{name: "New York, autumn: breached as one o'clock comes again", spec: one(hour, hours(york, every("00:30-02:00"))), issue: born(at("UTC", "2026-11-01 05:00")),
			now: at("UTC", "2026-11-01 07:00"), state: sla.Breached, due: at("UTC", "2026-11-01 06:00"), elapsed: 2 * hour},

		// Lord Howe sets clocks by half an hour: 5 April 2026, 02:00 becomes 01:30; 4 October, 02:00 becomes 02:30.
		{name: "Lord Howe, autumn: half an hour more", spec: one(8*hour+30*minute, hours(howe, night)), issue: born(at(howe, "2026-04-04 22:00")),
			now: at(howe, "2026-04-05 03:00"), state: sla.OnTrack, due: at(howe, "2026-04-05 06:00"), elapsed: 330 * minute},
		{name: "Lord Howe, spring: half an hour less", spec: one(8*hour, hours(howe, night)), issue: born(at(howe, "2026-10-03 22:00")),
			now: at(howe, "2026-10-04 06:00"), state: sla.OnTrack, due: at(howe, "2026-10-04 22:30"), elapsed: 450 * minute},

		// 4 November 2018 began at 01:00.
		{name: "São Paulo, spring: a day without midnight", spec: one(6*hour, hours(paulo, every("00:00-06:00"))), issue: born(at(paulo, "2018-11-03 12:00")),
			now: at(paulo, "2018-11-04 02:00"), state: sla.OnTrack, due: at(paulo, "2018-11-05 01:00"), elapsed: hour},
		{name: "São Paulo, spring: the night shift over the missing midnight", spec: one(7*hour, hours(paulo, night)), issue: born(at(paulo, "2018-11-03 22:00")),
			now: at(paulo, "2018-11-04 01:30"), state: sla.OnTrack, due: at(paulo, "2018-11-04 06:00"), elapsed: 150 * minute},
		// 16 February 2019 had 23:00-24:00 twice: 22:00-24:00 are 3 h, from 00:00 UTC.
		{name: "São Paulo, autumn: the last hour of the day comes twice", spec: one(3*hour, hours(paulo, every("22:00-24:00"))), issue: born(at("UTC", "2019-02-17 00:00")),
			now: at("UTC", "2019-02-17 02:30"), state: sla.OnTrack, due: at("UTC", "2019-02-17 03:00"), elapsed: 150 * minute},

		// 24 April 2026 begins at 01:00; 29 October has 23:00-24:00 twice, from 19:00 UTC on.
		{name: "Cairo, spring", spec: one(6*hour, hours(cairo, every("00:00-06:00"))), issue: born(at(cairo, "2026-04-23 12:00")),
			now: at(cairo, "2026-04-24 06:00"), state: sla.OnTrack, due: at(cairo, "2026-04-25 01:00"), elapsed: 5 * hour},
		{name: "Cairo, autumn", spec: one(3*hour, hours(cairo, every("22:00-24:00"))), issue: born(at("UTC", "2026-10-29 19:00")),
			now: at("UTC", "2026-10-29 21:30"), state: sla.OnTrack, due: at("UTC", "2026-10-29 22:00"), elapsed: 150 * minute},
		// Samoa had no 30 December 2011: from Thursday 24:00 to Saturday 00:00.
		{name: "Apia: a day that never was", spec: one(10*hour, office("Pacific/Apia")), issue: born(at("Pacific/Apia", "2011-12-29 09:00")),
			now: at("Pacific/Apia", "2011-12-31 12:00"), state: sla.OnTrack, due: at("Pacific/Apia", "2012-01-02 10:00"), elapsed: 9 * hour},
	})
}
