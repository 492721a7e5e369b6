package state

import (
	"slices"
	"strings"

	"go.etcd.io/bbolt"
)

// Stats measures the file. It reads every page.
func (d *DB) Stats() (st Stats, err error) {
	st = Stats{Path: d.path, Size: d.Size()}
	err = d.view(func(tx *bbolt.Tx) error {
		st.PageSize = d.bolt.Info().PageSize
		if st.Version, _, err = versionOf(tx); err != nil {
			return err
		}
		for _, name := range topBuckets() {
			if name == inSources {
				continue
			}
			st.Buckets = append(st.Buckets, bucketStats(name, tx.Bucket([]byte(name))))
		}
		if b := alertsOf(tx); b != nil {
			st.Buckets = append(st.Buckets, bucketStats(inAlerts, b.log))
		}
		for _, name := range sourceNames(tx) {
			if err := d.addSourceStats(&st, sourceOf(tx, name)); err != nil {
				return err
			}
		}
		return nil
	})
	pages := d.bolt.Stats()
	st.FreePages = pages.FreePageN + pages.PendingPageN
	slices.SortFunc(st.Buckets, func(a, b BucketStats) int { return strings.Compare(a.Name, b.Name) })
	return st, err
}

func (d *DB) addSourceStats(st *Stats, s *sourceTx) error {
	for _, b := range sourceBuckets() {
		st.Buckets = append(st.Buckets, bucketStats(s.name+"/"+b, s.root.Bucket([]byte(b))))
	}
	var t sums
	if err := d.readSums(s, &t); err != nil {
		return err
	}
	st.Sources = append(st.Sources, SourceStats{Name: s.name, Records: t.Records, Totals: t.totals()})
	return nil
}

func bucketStats(name string, b *bbolt.Bucket) BucketStats {
	s := b.Stats()
	return BucketStats{Name: name, Keys: s.KeyN, Bytes: int64(s.BranchAlloc + s.LeafAlloc)}
}
