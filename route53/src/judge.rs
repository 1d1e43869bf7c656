//! From the raw facts of one poll to passed or failed, by Route 53's documented rules. `[R-HOW]`

use std::fmt;
use std::time::Duration;

use crate::check::Speaks;
use crate::speed::ClockSpeed;

/// The search string must lie wholly within the first bytes of the body. `[R-HOW]`
pub const BODY_BYTES: usize = 5120;
/// The most bytes that all response headers may have together. `[R-LIM]`
pub const HEADER_BYTES_MAX: usize = 16_384;

/// How long a checker waits. Nothing of this can be configured in AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// For the TCP connection of an HTTP(S) check.
    pub connect: Duration,
    /// From connected to the status line.
    pub status: Duration,
    /// From the status line to the part of the body that is searched.
    pub body: Duration,
    /// For the TCP connection of a TCP check.
    pub tcp_connect: Duration,
}

impl Deadlines {
    /// Connect 4 s, status 2 s, body 2 s; TCP 10 s. `[R-HOW]`
    pub const AWS: Self = Self {
        connect: Duration::from_secs(4),
        status: Duration::from_secs(2),
        body: Duration::from_secs(2),
        tcp_connect: Duration::from_secs(10),
    };

    /// AWS's deadlines at a clock speed, none shorter than `floor`: below some real time a deadline measures the machine that
    /// polls and not the endpoint.
    #[must_use]
    pub fn at(speed: ClockSpeed, floor: Duration) -> Self {
        let scale = |real| speed.scale(real).max(floor);
        Self {
            connect: scale(Self::AWS.connect),
            status: scale(Self::AWS.status),
            body: scale(Self::AWS.body),
            tcp_connect: scale(Self::AWS.tcp_connect),
        }
    }
}

/// Why there is no connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoConnection {
    /// The name has no A record.
    NotResolved,
    /// Refused, reset or unreachable.
    Refused,
    /// Nothing came back within the deadline.
    TimedOut,
}

/// How the body came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// As it is.
    Identity,
    /// gzip or deflate; the facts hold it decompressed.
    Decompressed,
    /// Anything else: cannot be searched.
    Other,
}

/// What came back on a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Response<'a> {
    /// The status code.
    pub status: u16,
    /// From connected to the status line.
    pub status_after: Duration,
    /// All headers together.
    pub header_bytes: usize,
    /// Whether the headers are well formed after RFC 7230.
    pub header_valid: bool,
    /// How the body came.
    pub encoding: Encoding,
    /// The body's beginning: [`BODY_BYTES`] of it count.
    pub body: &'a [u8],
    /// From the status line to the end of that beginning; `None` if it was still awaited.
    pub body_after: Option<Duration>,
}

/// What one poll met, in the order in which it met it. No certificate is among the facts: none is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Facts<'a> {
    /// No TCP connection.
    NotConnected(NoConnection),
    /// Connected, and no TLS session came of it.
    NoTls {
        /// From start to connected.
        connected_after: Duration,
    },
    /// Connected, and no status line came.
    Silent {
        /// From start to connected.
        connected_after: Duration,
    },
    /// Connected, and it was no HTTP that came.
    NotHttp {
        /// From start to connected.
        connected_after: Duration,
    },
    /// Connected, and there was a response.
    Answered {
        /// From start to connected.
        connected_after: Duration,
        /// What came.
        response: Response<'a>,
    },
    /// Connected, which is all that a TCP check asks for.
    Connected {
        /// From start to connected.
        connected_after: Duration,
    },
}

/// What one checker makes of one poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// It passed.
    Passed,
    /// It failed.
    Failed(Failure),
}

impl Outcome {
    /// Whether the poll passed.
    #[must_use]
    pub fn passed(self) -> bool {
        self == Self::Passed
    }

    /// What a checker reports that gets everything wrong.
    #[must_use]
    pub fn mistaken(self) -> Self {
        match self {
            Self::Passed => Self::Failed(Failure::Mistaken),
            Self::Failed(_) => Self::Passed,
        }
    }
}

/// Why a poll failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Failure {
    /// No A record.
    NotResolved,
    /// Refused, reset or unreachable.
    Refused,
    /// No connection in time.
    ConnectTimeout,
    /// No TLS session.
    Tls,
    /// No status line in time.
    StatusTimeout,
    /// No HTTP.
    NotHttp,
    /// Neither 2xx nor 3xx.
    Status(u16),
    /// Headers that are malformed or too large.
    Headers,
    /// No body in time.
    BodyTimeout,
    /// A body that cannot be read.
    Encoding,
    /// The string is not in the first bytes of the body.
    StringMissing,
    /// It passed, and the checker says otherwise.
    Mistaken,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotResolved => f.write_str("DNS resolution failed"),
            Self::Refused => f.write_str("connection refused"),
            Self::ConnectTimeout => f.write_str("connection timed out"),
            Self::Tls => f.write_str("TLS handshake failed"),
            Self::StatusTimeout => f.write_str("no status in time"),
            Self::NotHttp => f.write_str("not HTTP"),
            Self::Status(code) => write!(f, "status {code}"),
            Self::Headers => f.write_str("headers malformed or too large"),
            Self::BodyTimeout => f.write_str("no body in time"),
            Self::Encoding => f.write_str("body encoding unknown"),
            Self::StringMissing => f.write_str("search string not found"),
            Self::Mistaken => f.write_str("the checker is mistaken"),
        }
    }
}

/// Judges a poll by what the check speaks. A deadline met exactly is met.
#[must_use]
pub fn judge(speaks: &Speaks, deadlines: &Deadlines, facts: &Facts<'_>) -> Outcome {
    match verify(speaks, deadlines, facts) {
        Ok(()) => Outcome::Passed,
        Err(failure) => Outcome::Failed(failure),
    }
}

fn verify(speaks: &Speaks, deadlines: &Deadlines, facts: &Facts<'_>) -> Result<(), Failure> {
    let connected_after = match *facts {
        Facts::NotConnected(NoConnection::NotResolved) => return Err(Failure::NotResolved),
        Facts::NotConnected(NoConnection::Refused) => return Err(Failure::Refused),
        Facts::NotConnected(NoConnection::TimedOut) => return Err(Failure::ConnectTimeout),
        Facts::NoTls { connected_after }
        | Facts::Silent { connected_after }
        | Facts::NotHttp { connected_after }
        | Facts::Answered { connected_after, .. }
        | Facts::Connected { connected_after } => connected_after,
    };
    let Speaks::Http { search, .. } = speaks else {
        return within(connected_after, deadlines.tcp_connect, Failure::ConnectTimeout);
    };
    within(connected_after, deadlines.connect, Failure::ConnectTimeout)?;
    match facts {
        Facts::NoTls { .. } => Err(Failure::Tls),
        Facts::NotHttp { .. } => Err(Failure::NotHttp),
        // A checker that was told nothing but "connected" has seen no status.
        Facts::Silent { .. } | Facts::Connected { .. } | Facts::NotConnected(_) => Err(Failure::StatusTimeout),
        Facts::Answered { response, .. } => verify_response(search.as_deref(), deadlines, response),
    }
}

fn verify_response(search: Option<&str>, deadlines: &Deadlines, response: &Response<'_>) -> Result<(), Failure> {
    within(response.status_after, deadlines.status, Failure::StatusTimeout)?;
    if !response.header_valid || response.header_bytes > HEADER_BYTES_MAX {
        return Err(Failure::Headers);
    }
    // A redirect is a pass, and is not followed.
    if !(200..400).contains(&response.status) {
        return Err(Failure::Status(response.status));
    }
    let Some(search) = search else { return Ok(()) };
    within(response.body_after.unwrap_or(Duration::MAX), deadlines.body, Failure::BodyTimeout)?;
    match response.encoding {
        Encoding::Other => Err(Failure::Encoding),
        Encoding::Identity | Encoding::Decompressed => {
            let searched = &response.body[..response.body.len().min(BODY_BYTES)];
            let found = searched.windows(search.len().max(1)).any(|window| window == search.as_bytes());
            if found { Ok(()) } else { Err(Failure::StringMissing) }
        }
    }
}

fn within(took: Duration, deadline: Duration, failure: Failure) -> Result<(), Failure> {
    if took <= deadline { Ok(()) } else { Err(failure) }
}
