//! Who is at the addresses of an ensemble that gives no session. zookeeper-client tries them all and keeps to itself what
//! it has found, so each is asked once more, in a way that web servers, TLS and Kafka brokers react to at once.

use std::future::{Future, poll_fn};
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::Duration;

use async_io::{Async, Timer};
use samsa_proto::zookeeper::{ConnectString, Server};

use super::Boxed;

/// Each server has so long, all at the same time.
const LIMIT: Duration = Duration::from_secs(1);
/// So many of an ensemble are asked.
const ASKED: usize = 5;
/// The four-letter word that servers of every release answer by default. The empty line is for a web server, which may
/// wait for it before it says what it is.
const QUESTION: &[u8] = b"srvr\r\n\r\n";
/// An answer is known by so many bytes.
const ANSWER: usize = 128;

/// What is at its addresses, as the end of a sentence that says that there is no session.
pub(crate) async fn found(ensemble: &ConnectString) -> String {
    let asked = ensemble.servers.iter().take(ASKED).map(|server| Box::pin(told(server.clone())));
    all(asked.map(|told| told as Boxed<String>).collect()).await.join("; ")
}

async fn told(server: Server) -> String {
    let address = (server.host.clone(), server.port);
    let found = within(LIMIT, async move { ask(address).await }).await;
    let found = found.unwrap_or_else(|| {
        let seconds = LIMIT.as_secs();
        format!("nothing comes back within {seconds} s: is it overloaded, or does a firewall drop what is sent to it?")
    });
    format!("{server}: {found}")
}

async fn ask(address: (String, u16)) -> String {
    let addresses = match async_net::resolve(address).await {
        Ok(addresses) => addresses,
        Err(error) => return format!("that name is not found ({error})"),
    };
    let mut reason = "that name has no address".to_owned();
    for address in addresses {
        match Async::<TcpStream>::connect(address).await {
            Ok(stream) => return answered(&read(&stream).await),
            Err(error) => reason = unreached(&error),
        }
    }
    reason
}

/// The beginning of its answer: nothing if it closes the connection.
async fn read(stream: &Async<TcpStream>) -> Vec<u8> {
    let mut answer = [0; ANSWER];
    let asked = stream.write_with(|mut stream| io::Write::write(&mut stream, QUESTION)).await;
    let read = match asked {
        Ok(_) => stream.read_with(|mut stream| io::Read::read(&mut stream, &mut answer)).await,
        Err(error) => Err(error),
    };
    answer[..read.unwrap_or_default()].to_vec()
}

fn unreached(error: &io::Error) -> String {
    match error.kind() {
        ErrorKind::ConnectionRefused => format!("nobody listens there ({error}); is the port right?"),
        _ => format!("it cannot be connected to ({error})"),
    }
}

fn answered(answer: &[u8]) -> String {
    let what = match answer {
        [] => {
            "it closes the connection without an answer, as a Kafka broker does; if that is one, \
             give it as a bootstrap broker (--bootstrap)"
        }
        // The content types of TLS records that a server begins with, and the major version of all of them.
        [21 | 22, 3, ..] => {
            "it answers in TLS, which this connection does not speak: give a port without TLS, as clientPort is"
        }
        [b'H', b'T', b'T', b'P', ..] => {
            "it answers in HTTP: it is a web server and no ZooKeeper server; is the port right?"
        }
        _ => of_zookeeper(&String::from_utf8_lossy(answer)),
    };
    what.to_owned()
}

fn of_zookeeper(answer: &str) -> &'static str {
    if answer.contains("not currently serving requests") {
        "it is a ZooKeeper server that serves nobody yet: is enough of its ensemble up for a quorum?"
    } else if answer.starts_with("Zookeeper version") || answer.contains("in the whitelist") {
        "it is a ZooKeeper server, and gave no session in time: is it overloaded, or does it refuse this client?"
    } else {
        "it answers, and not as ZooKeeper does; is the port right?"
    }
}

async fn within<T>(limit: Duration, future: impl Future<Output = T>) -> Option<T> {
    let (mut future, mut limit) = (pin!(future), Timer::after(limit));
    poll_fn(|cx| match future.as_mut().poll(cx) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => Pin::new(&mut limit).poll(cx).map(|_| None),
    })
    .await
}

/// What they give, in their order, when the last is done.
async fn all<T>(mut futures: Vec<Boxed<T>>) -> Vec<T> {
    let mut done: Vec<Option<T>> = futures.iter().map(|_| None).collect();
    poll_fn(|cx| {
        for (future, done) in futures.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(given) = future.as_mut().poll(cx) {
                *done = Some(given);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_answers_is_told_by_what_it_answers() {
        for (answer, words) in [
            (&b""[..], "--bootstrap"),
            (&[21, 3, 3, 0, 2, 2, 10], "TLS"),
            (b"HTTP/1.1 400 Bad Request\r\n", "web server"),
            (b"This ZooKeeper instance is not currently serving requests\n", "quorum"),
            (b"Zookeeper version: 3.8.0", "gave no session"),
            (b"srvr is not executed because it is not in the whitelist.", "gave no session"),
            (b"SSH-2.0-OpenSSH_9.2", "not as ZooKeeper does"),
        ] {
            assert!(answered(answer).contains(words), "{}", answered(answer));
        }
    }

    #[test]
    fn a_connection_that_is_refused_is_told_apart_from_others_that_fail() {
        assert!(unreached(&ErrorKind::ConnectionRefused.into()).contains("nobody listens there"));
        assert!(unreached(&ErrorKind::NetworkUnreachable.into()).contains("cannot be connected to"));
    }
}
