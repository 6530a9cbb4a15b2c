//! A question to a broker, asked without a word of the code under test but for its codec.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use samsa_proto::Request;

/// Connects to a broker, of which each answer may take so long.
pub fn connect(address: &str, patience: Duration) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Asks a broker in this version, and gives what is read in its answer.
pub fn exchange<R: Request, T>(
    stream: &mut TcpStream,
    version: i16,
    request: &R,
    read: impl FnOnce(&R::Response<'_>) -> T,
) -> io::Result<T> {
    let question = samsa_proto::encode_request(1, Some("samsa-tests"), version, request);
    stream.write_all(&question.map_err(io::Error::other)?.concat())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let mut frame = vec![0; u32::from_be_bytes(length) as usize];
    stream.read_exact(&mut frame)?;
    let (_, response) = samsa_proto::decode_response::<R>(version, &frame).map_err(io::Error::other)?;
    Ok(read(&response))
}
