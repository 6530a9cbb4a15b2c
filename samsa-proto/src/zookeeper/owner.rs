//! Owners: which member has a partition, `/consumers/G/owners/T/P`. Only such a node is a lock.

use std::fmt;

use super::dialect::Dialect;
use super::error::{ZnodeError, ZnodeKind};

/// Who owns a partition, by its own word. The data is a name, never a proof: a node is ours only when ZooKeeper says
/// that our session made it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Owner {
    /// The member's id.
    pub member: String,
    /// Which of the member's streams, from 0; the Scala dialects name it, Samsa does not.
    pub stream: Option<u16>,
}

impl Owner {
    /// Reads the owner of a partition in a group that speaks `dialect`.
    pub fn from_bytes(data: &[u8], dialect: Dialect) -> Result<Self, ZnodeError> {
        let text = str::from_utf8(data).ok().filter(|text| !text.is_empty());
        let owner = text.and_then(|text| match dialect {
            Dialect::Samsa => Some(Self { member: text.to_owned(), stream: None }),
            Dialect::Scala | Dialect::Scala07 => thread(text),
        });
        owner.ok_or_else(|| {
            let expected = match dialect {
                Dialect::Samsa => "a member id",
                Dialect::Scala | Dialect::Scala07 => "a member id and the number of a stream, C-n",
            };
            ZnodeError::data(ZnodeKind::Owner, expected, data)
        })
    }

    /// Writes the owner as a member does: `C-n` with a stream, else `C`. The same text is what Scala sorts threads by.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

fn thread(text: &str) -> Option<Owner> {
    let (member, stream) = text.rsplit_once('-')?;
    let digits = !member.is_empty() && stream.bytes().all(|b| b.is_ascii_digit());
    digits.then_some(Owner { member: member.to_owned(), stream: Some(stream.parse().ok()?) })
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.member)?;
        self.stream.map_or(Ok(()), |stream| write!(f, "-{stream}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scala_owner_is_one_stream_of_a_member() {
        for dialect in [Dialect::Scala, Dialect::Scala07] {
            let data = b"g1_vm-1795408640911-663e082f-1";
            let owner = Owner::from_bytes(data, dialect).expect("an owner");
            assert_eq!(owner, Owner { member: "g1_vm-1795408640911-663e082f".to_owned(), stream: Some(1) });
            assert_eq!(owner.to_bytes(), data);
        }
    }

    #[test]
    fn a_samsa_owner_is_the_member_itself() {
        let data = b"vm:b20a488c-f248-47fb-a7d4-1d019ec77ecb";
        let owner = Owner::from_bytes(data, Dialect::Samsa).expect("an owner");
        assert_eq!((owner.member.as_bytes(), owner.stream), (&data[..], None));
        assert_eq!(owner.to_bytes(), data);
    }

    #[test]
    fn what_is_no_owner_is_refused() {
        for data in ["", "-0", "member", "member-", "member-x", "member-+1", "member-99999"] {
            let error = Owner::from_bytes(data.as_bytes(), Dialect::Scala).expect_err(data);
            assert_eq!(error.kind, ZnodeKind::Owner);
        }
        assert!(Owner::from_bytes(b"", Dialect::Samsa).is_err());
        assert!(Owner::from_bytes(b"\xff", Dialect::Samsa).is_err());
    }
}
