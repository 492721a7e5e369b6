// Package alert tells people and machines of what needs them: mute, dedup,
// send, record. Whoever notices something reports an Event, as often as it
// likes; a Manager keeps what lasts, sends each event once to each channel that
// wants it, again after the repeat time, and once that it is over.
//
// Events are stored before they are sent and deliveries are recorded after they
// succeeded. A crash in between repeats one message and loses none.
package alert
