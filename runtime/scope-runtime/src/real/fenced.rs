//! A request's body that is given away only while the state is surely ours: the last look, right before the wire.
//!
//! Whoever writes the request takes the body last, after it has a connection and the head is ready; nothing of it is on the
//! wire then. A body that is empty is asked whether it has ended, at the same moment: with the fence closed it says that it
//! has not, is asked for the rest, and fails.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::state::{Fence, FenceClosed};

/// These bytes as a body, also none at all. Where nobody can take the state over they are as they are.
pub(crate) fn fenced(bytes: Bytes, fence: &Fence) -> reqwest::Body {
    match fence.is_shared() {
        true => reqwest::Body::wrap(Fenced { bytes: Some(bytes), fence: fence.clone() }),
        false => bytes.into(),
    }
}

struct Fenced {
    /// Until they are given away, or it was seen that they may be.
    bytes: Option<Bytes>,
    fence: Fence,
}

impl Fenced {
    /// Nothing is left to give away, and it needs no look any more.
    fn has_nothing_to_give(&self) -> bool {
        match &self.bytes {
            None => true,
            Some(bytes) => bytes.is_empty() && self.fence.is_open(),
        }
    }
}

impl Body for Fenced {
    type Data = Bytes;
    type Error = FenceClosed;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FenceClosed>>> {
        if self.bytes.is_some() && !self.fence.is_open() {
            return Poll::Ready(Some(Err(FenceClosed)));
        }
        let bytes = self.bytes.take().filter(|bytes| !bytes.is_empty());
        Poll::Ready(bytes.map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.has_nothing_to_give()
    }

    fn size_hint(&self) -> SizeHint {
        match &self.bytes {
            // Of what is known to be empty nobody would ask for the rest.
            Some(bytes) if bytes.is_empty() && !self.fence.is_open() => SizeHint::default(),
            bytes => SizeHint::with_exact(bytes.as_ref().map_or(0, |bytes| bytes.len() as u64)),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};

    use super::*;

    /// What arrives of a request with these bytes, its head in one line; nothing where the connection is closed unused.
    fn arrives(bytes: &'static [u8], fence: &Fence) -> (String, bool) {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = format!("http://{}/", listener.local_addr().expect("bound"));
        let server = std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().expect("connected to");
            let mut buffer = [0; 4096];
            let count = stream.read(&mut buffer).expect("readable");
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            let _ = stream.write_all(answer);
            String::from_utf8_lossy(&buffer[..count]).replace("\r\n", " ")
        });
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let client = reqwest::Client::builder().no_proxy().build().expect("a client");
        let request = client.delete(&address).body(fenced(Bytes::from_static(bytes), fence));
        let is_sent = runtime.block_on(request.send()).is_ok();
        drop((client, runtime));
        (server.join().expect("no panic"), is_sent)
    }

    #[test]
    fn nothing_reaches_the_wire_once_the_fence_is_closed_with_a_body_or_without() {
        for bytes in [&b"{}"[..], b""] {
            assert_eq!(arrives(bytes, &Fence::closed()), (String::new(), false));
            let (head, is_sent) = arrives(bytes, &Fence::open_for_now());
            assert!(is_sent && head.starts_with("DELETE / HTTP/1.1 "), "{head}");
            assert!(!head.contains("transfer-encoding"), "{head}");
        }
    }
}
