package state

// What people do about decision rights, overrides and pins. Approved and Released
// name an issue and a field here.
const (
	Contests Verb = "contested"  // a move by somebody who may not decide
	Restored Verb = "taken_back" // and policy's value is written again
	Rejected Verb = "rejected"   // an approver did not agree
	HeldBack Verb = "held"       // an operator keeps a value
	Pinned   Verb = "pinned"     // the issue is left alone
	Unpinned Verb = "unpinned"
	Accepted Verb = "accepted" // a proposal of suggest mode was agreed to, field by field
	Declined Verb = "declined" // and was not: the present value stays

	LookedBack Verb = "post_mortem_done" // the label that asks for one was removed
)
