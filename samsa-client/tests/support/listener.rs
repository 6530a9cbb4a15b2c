//! The broker beside it on a real socket.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use super::broker::answer;

/// Starts one; it ends with the process.
pub(crate) fn start() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || {
        for client in listener.incoming().flatten() {
            thread::spawn(move || serve(client, address));
        }
    });
    address
}

/// Listens and never answers.
pub(crate) fn start_mute() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("the address");
    thread::spawn(move || listener.incoming().collect::<Vec<_>>());
    address
}

fn serve(mut client: TcpStream, address: SocketAddr) -> io::Result<()> {
    loop {
        let mut length = [0; 4];
        client.read_exact(&mut length)?;
        let mut frame = vec![0; u32::from_be_bytes(length) as usize];
        client.read_exact(&mut frame)?;
        // In two writes, so that the client reads a frame in parts.
        let answer = answer(&frame, address).unwrap_or_default();
        let (first, second) = answer.split_at(answer.len() / 2);
        client.write_all(first)?;
        thread::yield_now();
        client.write_all(second)?;
    }
}
