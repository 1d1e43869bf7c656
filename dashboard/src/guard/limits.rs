//! Every number that bounds what a client can make this server hold or wait for. Nothing here acts.

use std::time::Duration;

/// The bounds of a server. The default is for one process with 1,024 file descriptors, which is what many systems give.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Connections at a time; further ones wait in the kernel's backlog. More than `streams`, so that watchers never keep a drain out.
    pub connections: usize,
    /// Open event streams at a time; further ones are told to poll.
    pub streams: usize,
    /// The longest target of a request, in bytes.
    pub target_bytes: usize,
    /// The longest head of a request, in bytes. A load balancer adds up to 16 KiB of cookies and tokens of its own.
    pub head_bytes: usize,
    /// The most header fields of a request.
    pub head_fields: usize,
    /// The longest body of a request, in bytes. A drain takes less than a tenth.
    pub body_bytes: usize,
    /// How long a client may take for the head of a request, counted from the answer before; so also how long a connection may idle.
    pub head_within: Duration,
    /// How long a client may take for a body.
    pub body_within: Duration,
    /// How long an answer may take to begin. Longer than a write takes whose observers are all out of reach.
    pub answer_within: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub taken_within: Duration,
    /// The longest event stream. Its browser asks again at once, and is then asked again who it is.
    pub stream_life: Duration,
    /// How long requests that are under way get when the server stops.
    pub stop_within: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 768,
            streams: 600,
            target_bytes: 2048,
            head_bytes: 32 * 1024,
            head_fields: 96,
            body_bytes: 16 * 1024,
            head_within: Duration::from_secs(15),
            body_within: Duration::from_secs(10),
            answer_within: Duration::from_secs(25),
            taken_within: Duration::from_secs(20),
            stream_life: Duration::from_secs(3600),
            stop_within: Duration::from_secs(3),
        }
    }
}
