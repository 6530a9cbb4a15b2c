//! What must hold of what an application saw and of what is in the logs. Pure: a history in, violations out.
//!
//! What must hold at every moment is checked where it happens: `deadlines-move-on` and `never-spins` by the runtime,
//! `strict-broker`, `waits-out-throttle`, `looking-never-creates` and a second copy by the model brokers,
//! `leader-epochs-never-go-back` by who listens to a client's events, that a record is there, in order, when acknowledged,
//! by who waits for that, and that a reader gets the next one by who reads. What a scenario alone can tell, as `seeks`, `pauses`,
//! `closes-in-time` or `stays-within-its-memory`, it checks itself.
//!
//! What is acknowledged by a leader alone may go with it, while another leads: that is all that was promised.
//!
//! What the brokers lost, by an unclean election or with a topic, counts as stored and as read rightly; a reader goes back to
//! where the log went on.
//!
//! | invariant                   | what must hold                                                                        |
//! |-----------------------------|---------------------------------------------------------------------------------------|
//! | `acknowledged-is-stored`    | an acknowledged record is in the log, where its receipt says, as it was published;    |
//! |                             | at once, and in the end; who asked for the leader's word alone has that alone         |
//! | `not-sent-is-not-stored`    | a record that failed as `NotSent` is in no log                                        |
//! | `one-outcome`               | every accepted record has exactly one outcome                                         |
//! | `order`                     | acknowledged records with a key or a partition lie in their partition in the order of |
//! |                             | their acceptance, as one is acknowledged and in the end; a record that is there twice |
//! |                             | counts where it is first; with idempotence this holds in the end of all that are      |
//! |                             | there, acknowledged or not                                                            |
//! | `stored-once`               | with idempotence a record is in the logs once at most; and where what may be stored   |
//! |                             | is not sent again; looked at when a batch is appended, and in the end                 |
//! | `sets-are-whole`            | the records of a set lie in one partition, one behind the other, or none is there     |
//! | `headers-are-kept`          | a record is stored with the header that it was published with                         |
//! | `nothing-foreign`           | the logs hold nothing that was not published                                          |
//! | `one-partition-per-key`     | the records of a key lie in one partition                                             |
//! | `reads-without-gaps`        | a reader gets every offset of a partition, in order, once; looked at when it gets one |
//! |                             | (a gap, only while nothing was lost), and in the end                                  |
//! | `reads-from-its-start`      | the first record that a reader gets is the first one from where it began              |
//! | `reads-what-is-left`        | what a reader has got in the end, lost records forgotten, is what is in the log       |
//! | `reads-what-is-stored`      | what a reader gets is what is in the log at that offset                               |
//! | `reads-to-the-end`          | once all is well a reader gets all that is there                                      |

mod history;
mod order;
mod publishing;
mod reading;

pub(crate) use history::{Accepted, History, Logs, Outcome, Read};
pub(crate) use order::at_receipt;
pub(crate) use reading::at_hand_out;

use crate::violations::Violation;

/// Everything that must hold when a run has come to its end.
pub(crate) fn all(history: &History, logs: &Logs) -> Vec<Violation> {
    let mut found = publishing::check(history, logs);
    found.extend(reading::check(history, logs));
    found
}

#[cfg(test)]
mod tests;
