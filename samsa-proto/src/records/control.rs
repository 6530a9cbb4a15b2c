//! Control records: the markers that brokers write into a partition (KIP-98, KIP-595).

use super::cursor::Cursor;
use super::error::RecordsError;
use super::record::Record;

/// What a control record marks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ControlKind {
    /// The transaction of the batch's producer was aborted.
    Abort,
    /// The transaction of the batch's producer was committed.
    Commit,
    /// Something that concerns brokers only: leader changes, snapshots, voters. The number is Kafka's.
    Other(i16),
}

impl ControlKind {
    const fn id(self) -> i16 {
        match self {
            Self::Abort => 0,
            Self::Commit => 1,
            Self::Other(id) => id,
        }
    }
}

/// A control record, decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ControlRecord {
    /// What it marks.
    pub kind: ControlKind,
    /// Epoch of the transaction coordinator, for the end of a transaction.
    pub coordinator_epoch: Option<i32>,
}

impl ControlRecord {
    /// Reads a record of a batch whose header says `is_control`.
    ///
    /// The key is a version and a kind, 16 bits each; the value of a transaction's end is a version (16 bits) and the
    /// coordinator's epoch (32 bits). Later versions may append to both, so what follows is not looked at.
    pub fn decode(record: &Record<'_>) -> Result<Self, RecordsError> {
        let mut key = Cursor::new(record.key().unwrap_or_default(), 0);
        key.int16("control record version")?;
        let kind = match key.int16("control record kind")? {
            0 => ControlKind::Abort,
            1 => ControlKind::Commit,
            other => ControlKind::Other(other),
        };
        let coordinator_epoch = match (kind, record.value()) {
            (ControlKind::Abort | ControlKind::Commit, Some(value)) => {
                let mut value = Cursor::new(value, 0);
                value.int16("transaction marker version")?;
                Some(value.int32("coordinator epoch")?)
            }
            _ => None,
        };
        Ok(Self { kind, coordinator_epoch })
    }

    /// The key that marks this, version 0.
    pub fn key(&self) -> [u8; 4] {
        let [high, low] = self.kind.id().to_be_bytes();
        [0, 0, high, low]
    }

    /// The value of a transaction's end, version 0; none for other kinds.
    pub fn value(&self) -> Option<[u8; 6]> {
        let [a, b, c, d] = self.coordinator_epoch?.to_be_bytes();
        Some([0, 0, a, b, c, d])
    }
}
