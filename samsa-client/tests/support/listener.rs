//! The broker beside it on a real socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;

use super::broker::answer;

/// What a broker saw.
#[derive(Debug)]
pub(crate) enum Seen {
    Opened,
    Request,
    Closed,
}

/// Starts one; it ends with the process.
pub(crate) fn start() -> SocketAddr {
    start_telling().0
}

/// Starts one that tells what it sees.
pub(crate) fn start_telling() -> (SocketAddr, Receiver<Seen>) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    let (sender, seen) = mpsc::channel();
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            let sender = sender.clone();
            let _ = sender.send(Seen::Opened);
            thread::spawn(move || {
                let _ = serve(client, address, &sender);
                let _ = sender.send(Seen::Closed);
            });
        }
    });
    (address, seen)
}

/// Listens and never answers.
pub(crate) fn start_mute() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    address
}

fn serve(mut client: TcpStream, address: SocketAddr, sender: &Sender<Seen>) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        client.read_exact(&mut frame)?;
        // In two writes, so that the client reads a frame in parts.
        let answer = answer(&frame, address).unwrap_or_default();
        let _ = sender.send(Seen::Request);
        let (first, second) = answer.split_at(answer.len() / 2);
        client.write_all(first)?;
        thread::yield_now();
        client.write_all(second)?;
    }
}
