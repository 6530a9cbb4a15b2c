//! `samsa brokers`.

use std::io::Write;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use crate::failure::Failure;
use crate::output::Output;
use crate::session::Session;
use crate::table::Table;
use samsa_client::{BrokerInfo, UnixMillis};

/// The brokers: id, host, port, rack, and for how long each is registered in ZooKeeper
#[derive(Args, Debug)]
pub(crate) struct Brokers {}

#[derive(Serialize)]
struct Broker<'a> {
    id: i32,
    host: &'a str,
    port: u16,
    rack: Option<&'a str>,
    registered_at_ms: Option<i64>,
}

impl Brokers {
    pub(crate) async fn run(&self, session: &Session) -> Result<(), Failure> {
        session.connect().await?;
        let brokers = session.cluster.brokers();
        let mut out = Output::stdout();
        if session.json {
            brokers.iter().try_for_each(|broker| out.object(&Broker::of(broker)))?;
        } else {
            table(&brokers, session.cluster.now().wall).write(&mut out)?;
        }
        Ok(out.flush()?)
    }
}

impl<'a> Broker<'a> {
    fn of(broker: &'a BrokerInfo) -> Self {
        Self {
            id: broker.id.0,
            host: &broker.address.host,
            port: broker.address.port,
            rack: broker.rack.as_deref(),
            registered_at_ms: broker.registered.map(|at| at.0),
        }
    }
}

fn table(brokers: &[BrokerInfo], now: UnixMillis) -> Table<5> {
    let mut table = Table::new(["id", "host", "port", "rack", "registered for"]);
    for broker in brokers {
        let age = broker.registered.map(|at| age(at, now)).unwrap_or_default();
        let address = &broker.address;
        table.row([
            broker.id.to_string(),
            address.host.clone(),
            address.port.to_string(),
            broker.rack.clone().unwrap_or_default(),
            age,
        ]);
    }
    table
}

/// In whole seconds; a registration from the future is fresh.
fn age(at: UnixMillis, now: UnixMillis) -> String {
    let seconds = now.0.saturating_sub(at.0).max(0).unsigned_abs() / 1000;
    humantime::format_duration(Duration::from_secs(seconds)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use samsa_client::{BrokerId, HostPort};

    fn broker(id: i32, registered: Option<i64>) -> BrokerInfo {
        BrokerInfo {
            id: BrokerId(id),
            address: HostPort { host: "k1".to_owned(), port: 9092 },
            rack: Some("a".to_owned()),
            registered: registered.map(UnixMillis),
        }
    }

    #[test]
    fn the_age_of_a_registration_is_shown_where_there_is_one() {
        let mut shown = Vec::new();
        table(&[broker(1, Some(1_000)), broker(2, None)], UnixMillis(3_726_999)).write(&mut shown).unwrap();
        let shown = String::from_utf8(shown).unwrap();
        let expected = "\
id  host  port  rack  registered for
1   k1    9092  a     1h 2m 5s
2   k1    9092  a
";
        assert_eq!(shown, expected);
    }

    #[test]
    fn a_clock_that_is_behind_makes_no_negative_age() {
        assert_eq!(age(UnixMillis(5_000), UnixMillis(1_000)), "0s");
    }

    #[test]
    fn as_json_it_has_the_time_itself() {
        let json = serde_json::to_string(&Broker::of(&broker(1, Some(5)))).unwrap();
        assert_eq!(json, r#"{"id":1,"host":"k1","port":9092,"rack":"a","registered_at_ms":5}"#);
    }
}
