//! One-shot watches: who wants to be told of what.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// The watches of an ensemble, and those that have fired and were not fetched yet.
#[derive(Clone, Debug, Default, Hash)]
pub(super) struct Watches {
    data: BTreeMap<String, BTreeSet<i64>>,
    children: BTreeMap<String, BTreeSet<i64>>,
    fired: VecDeque<(i64, String)>,
}

impl Watches {
    pub(super) fn watch_data(&mut self, session: i64, path: &str) {
        self.data.entry(path.to_owned()).or_default().insert(session);
    }

    pub(super) fn watch_children(&mut self, session: i64, path: &str) {
        self.children.entry(path.to_owned()).or_default().insert(session);
    }

    /// A node has come, has other data, or is gone.
    pub(super) fn data_changed(&mut self, path: &str) {
        let sessions = self.data.remove(path).unwrap_or_default();
        self.fire(sessions, path);
    }

    /// A node has other children.
    pub(super) fn children_changed(&mut self, path: &str) {
        let sessions = self.children.remove(path).unwrap_or_default();
        self.fire(sessions, path);
    }

    /// A node is gone: who watched it in either way is told once.
    pub(super) fn removed(&mut self, path: &str) {
        let mut sessions = self.data.remove(path).unwrap_or_default();
        sessions.extend(self.children.remove(path).unwrap_or_default());
        self.fire(sessions, path);
    }

    fn fire(&mut self, sessions: BTreeSet<i64>, path: &str) {
        self.fired.extend(sessions.into_iter().map(|session| (session, path.to_owned())));
    }

    /// The session is over: nobody is there to be told.
    pub(super) fn forget(&mut self, session: i64) {
        for watchers in self.data.values_mut().chain(self.children.values_mut()) {
            watchers.remove(&session);
        }
        self.fired.retain(|(watcher, _)| *watcher != session);
    }

    pub(super) fn next_fired(&mut self) -> Option<(i64, String)> {
        self.fired.pop_front()
    }
}
