package lineartest

// listPrice is the published formula, in tenths of a point: a property 1, an
// object 10, and a connection multiplies what it holds by first or last, or by
// 50 where neither is given. Page information is not multiplied.
func listPrice(steps []step) int {
	sum := 0
	for i := range steps {
		sum += steps[i].price()
	}
	return sum
}

func (s *step) price() int {
	if len(s.sub) == 0 {
		return 1
	}
	if !s.multi {
		return 10 + listPrice(s.sub)
	}
	n, _ := s.args.size()
	sum := 0
	for i := range s.sub {
		if s.sub[i].name == "pageInfo" {
			sum += s.sub[i].price()
		} else {
			sum += n * s.sub[i].price()
		}
	}
	return sum
}

// points rounds tenths up.
func points(tenths int) int { return (tenths + 9) / 10 }
