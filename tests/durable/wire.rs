//! HTTP/1.1 as the stand-ins read it: `GET /notes/a HTTP/1.1 …` → its head and its body, sent in one piece or in chunks.

use std::io::Read;
use std::net::TcpStream;

/// Head and body; `None` when the client has gone.
pub fn request(client: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let head = String::from_utf8(until(client, b"\r\n\r\n")?).ok()?;
    let lower = head.to_lowercase();
    let body = if lower.contains("transfer-encoding: chunked") {
        chunks(client)?
    } else {
        let length = lower.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse().ok());
        exactly(client, length.unwrap_or(0))?
    };
    Some((head, body))
}

/// Method and target of a head's first line.
pub fn first_line(head: &str) -> Option<(&str, &str)> {
    let mut words = head.split_whitespace();
    Some((words.next()?, words.next()?))
}

fn chunks(client: &mut TcpStream) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = String::from_utf8(until(client, b"\r\n")?).ok()?;
        let length = usize::from_str_radix(line.trim(), 16).ok()?;
        body.extend(exactly(client, length)?);
        until(client, b"\r\n")?;
        if length == 0 {
            return Some(body);
        }
    }
}

fn until(client: &mut TcpStream, end: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    while !bytes.ends_with(end) {
        bytes.extend(exactly(client, 1)?);
    }
    Some(bytes)
}

fn exactly(client: &mut TcpStream, length: usize) -> Option<Vec<u8>> {
    let mut bytes = vec![0; length];
    client.read_exact(&mut bytes).ok()?;
    Some(bytes)
}
