//! One blocking socket and nothing else: what the protocol itself costs.

use std::io::{self, Read, Write};
use std::net::TcpStream;

use crate::PATIENCE;

/// A connection to the broker that leads the one partition. It has no name for itself, asks for no versions, and knows no errors but
/// those of the socket.
#[derive(Debug)]
pub struct Connection {
    stream: TcpStream,
    /// Kept as long as it ever was, so that no response is read into fresh memory.
    frame: Vec<u8>,
}

impl Connection {
    /// Connects.
    pub fn open(address: &str) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self { stream, frame: Vec::new() })
    }

    /// Writes a request, its length included.
    pub fn send(&mut self, frame: &[u8]) -> io::Result<()> {
        self.stream.write_all(frame)
    }

    /// Reads the next response, without its length.
    pub fn receive(&mut self) -> io::Result<&[u8]> {
        let mut length = [0; 4];
        self.stream.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if self.frame.len() < length {
            self.frame.resize(length, 0);
        }
        self.stream.read_exact(&mut self.frame[..length])?;
        Ok(&self.frame[..length])
    }
}
