package state_test

import (
	"fmt"
	"math/rand/v2"
)

type rnd = rand.Rand

func newRand(seed uint64) *rnd { return rand.New(rand.NewPCG(seed, 42)) }

func pick[V any](r *rnd, list ...V) V { return list[r.IntN(len(list))] }

func hash(r *rnd) string { return fmt.Sprintf("h%d", r.IntN(3)) }
