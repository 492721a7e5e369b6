package answer

import (
	"math"
	"strconv"
)

// Percent writes a share of 0..1 as a percentage without needless decimals.
func Percent(share float64) string {
	return strconv.FormatFloat(math.Round(share*1000)/10, 'f', -1, 64) + " %"
}

// fixed writes a score with the same decimals as all others of its column.
func fixed(x float64) string { return strconv.FormatFloat(x, 'f', 2, 64) }

// round4 keeps a share exact to a hundredth of a percent.
func round4(x float64) float64 { return math.Round(x*10000) / 10000 }
