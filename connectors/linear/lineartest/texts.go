package lineartest

// The texts that generated backlogs are made of; %s is a part of the product.

func titles(typ string) []string {
	switch typ {
	case "Bug":
		return []string{
			"%s crashes on an empty list", "%s times out under load", "Wrong totals in %s", "%s loses the last entry",
			"Error 500 from %s after the update", "%s shows yesterday's data",
		}
	case "Feature":
		return []string{"Export from %s", "Saved filters in %s", "Dark mode for %s", "Let admins limit %s", "Webhook when %s is done"}
	case "Improvement":
		return []string{"Make %s twice as fast", "Clearer messages in %s", "Keyboard shortcuts in %s", "Remember the last choice in %s"}
	}
	return []string{"Upgrade the libraries of %s", "Remove the old code path in %s", "Write the runbook for %s", "Split the tests of %s"}
}

func sentences() []string {
	return []string{
		"Several people have run into this in %s since the last release.",
		"It can be reproduced in %s with a fresh account and ten entries.",
		"The workaround is to reload %s and to try again.",
		"Support has had questions about %s every week.",
		"We should decide what %s does when the network is gone.",
		"There is a sketch of the new %s in the design folder.",
		"The log of %s shows one slow query for each row.",
		"Nobody remembers why %s was built this way.",
	}
}

func remarks() []string {
	return []string{
		"Saw it again today.", "I can take this next week.", "Is this still a problem?", "The fix is on its way.",
		"A customer asked about this in the review call.", "Let us talk about it in planning.",
	}
}

func companyFirst() []string {
	return []string{"Blue", "North", "Silver", "Green", "Quick", "Harbour", "Copper", "River"}
}

func companyLast() []string {
	return []string{"Bakery", "Logistics", "Clinics", "Airlines", "Schools", "Press", "Energy", "Bank"}
}

// wildTexts break programs that think a character is a byte or that text runs
// from left to right.
func wildTexts() []string {
	return []string{
		"🔥🧑‍🚒 عاجل", "תקלה בתשלום", "\u202Eright to left\u202C", "zero\u200Bwidth", "bell\u0007 and escape\u001b[31m",
		"Ünïcödé ﬁ ﬂ", "quote \" back\\slash", "日本語の題名", "null \x00 byte",
	}
}
