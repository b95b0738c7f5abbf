//! A request's body that is given away only while the state is surely ours: the last look, right before the wire.
//!
//! Whoever writes the request takes the body last, after it has a connection and the head is ready; nothing of it is on the
//! wire then. A request that has no body has passed the fence when its connection was there.

use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use crate::state::{Fence, FenceClosed};

/// These bytes as a body. Where nobody can take the state over they are as they are.
pub(super) fn fenced(bytes: Bytes, fence: &Fence) -> reqwest::Body {
    match fence.is_shared() {
        true => reqwest::Body::wrap(Fenced {
            bytes: Some(bytes).filter(|bytes| !bytes.is_empty()),
            fence: fence.clone(),
        }),
        false => bytes.into(),
    }
}

struct Fenced {
    /// Until they are given away.
    bytes: Option<Bytes>,
    fence: Fence,
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
        Poll::Ready(self.bytes.take().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.bytes.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.bytes.as_ref().map_or(0, |bytes| bytes.len() as u64))
    }
}
