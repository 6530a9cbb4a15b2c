//! How far the exploration goes.

use std::fmt;

use samsa_core::model::Dialect;

/// How many members there are, and how often each kind of thing may happen to them. Whatever is not bounded here is explored
/// in every order: when requests arrive, when answers and watches are heard, who is called when its time has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Bound {
    /// How the members speak: `Scala` or `Scala07`. The cluster is of the age that this is for.
    pub dialect: Dialect,
    /// Members. Those that do not stand at first may join at any moment.
    pub members: usize,
    /// How many of them have joined, and have settled, before the first step.
    pub standing: usize,
    /// Partitions of the topic.
    pub partitions: usize,
    /// How often a member may end without a word.
    pub crashes: usize,
    /// How often a connection may break: what is under way to the servers is done or not, no answer under way is heard.
    pub losses: usize,
    /// How often a session may end while its member lives.
    pub expiries: usize,
    /// How often an application may take messages and commit, besides what is committed when a partition is given up.
    pub commits: usize,
    /// How often a member may leave.
    pub leaves: usize,
    /// How often time may pass to the next deadline of a member while something is under way. When nothing is, it passes.
    pub waits: usize,
}

type Field = (&'static str, fn(&mut Bound) -> &mut usize);

const FIELDS: [Field; 9] = [
    ("members", |bound| &mut bound.members),
    ("standing", |bound| &mut bound.standing),
    ("partitions", |bound| &mut bound.partitions),
    ("crashes", |bound| &mut bound.crashes),
    ("losses", |bound| &mut bound.losses),
    ("expiries", |bound| &mut bound.expiries),
    ("commits", |bound| &mut bound.commits),
    ("leaves", |bound| &mut bound.leaves),
    ("waits", |bound| &mut bound.waits),
];

impl Bound {
    /// Two members and two partitions; one stands and the other joins, and nothing goes wrong.
    pub const CALM: Self = Self {
        dialect: Dialect::Scala,
        members: 2,
        standing: 1,
        partitions: 2,
        crashes: 0,
        losses: 0,
        expiries: 0,
        commits: 0,
        leaves: 0,
        waits: 0,
    };

    /// What may still happen.
    pub(crate) fn left(&self) -> [u8; 6] {
        [self.crashes, self.losses, self.expiries, self.commits, self.leaves, self.waits]
            .map(|left| u8::try_from(left).unwrap_or(u8::MAX))
    }

    /// Sets a field by its name. Says whether there is one.
    pub fn set(&mut self, name: &str, value: usize) -> bool {
        let field = FIELDS.iter().find(|(known, _)| *known == name);
        field.map(|(_, field)| *field(self) = value).is_some()
    }
}

/// As the example `explore` reads it.
impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut bound = *self;
        if self.dialect == Dialect::Scala07 {
            f.write_str("--dialect scala07 ")?;
        }
        let options = FIELDS.map(|(name, field)| format!("--{name} {}", field(&mut bound)));
        f.write_str(&options.join(" "))
    }
}
