//! How much of what a user does fails, by carrier and region: the score's weights stand here, and only here.
//!
//! Errors of several components are one fault seen at several places: the greatest counts, never a product. Half of the connects matter to a
//! user, a late stream counts 0.8, late replication 0.3 (corpus, part 2b). Sign-in, metrics and latency count nothing: a user who is signed in
//! does without the first, never sees the second, and the corpus puts no number on the third.

use super::levels::Levels;
use super::met::Vantage;

/// Weight of a handshake that fails.
const CONNECT: f64 = 0.5;
/// Weight of a stream that is late.
const STREAM: f64 = 0.8;
/// Weight of replication that is late, for a user of whom a good part of the others is on the far side.
const REPLICATION: f64 = 0.3;
/// From this share of all users on the far side on, late replication weighs in full; below, in proportion: a few who stayed behind do not
/// make the whole chat late.
const GOOD_PART: f64 = 0.2;

/// What a user behind one carrier feels of one region.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Felt {
    /// Of a user whose answers lead there: 0 to 1.
    pub(super) answer: f64,
    /// Of a user whose socket is there: 0 to 1.
    pub(super) socket: f64,
    /// Share of handshakes that fail.
    pub(super) handshake: f64,
    /// Share of messages sent on a live socket there that do not come back.
    pub(super) mute: f64,
    /// Share of what is sent there that is swallowed on the way.
    pub(super) way: f64,
}

impl Felt {
    /// Of `carrier` in `region`. `expired` is the share of look-ups led there that fail for want of an answer; `at` is where live sockets are.
    pub(super) fn new(levels: &Levels, overload: Option<f64>, expired: f64, at: &[f64; 3], carrier: usize, region: usize) -> Self {
        let way = levels.net_hole.to(Vantage::Carrier(carrier), region);
        let over = overload.unwrap_or(0.0);
        let (lambda, table) = (levels.lambda.err[region], levels.ddb.err[region]);
        let base = [lambda, table, way, over, expired].into_iter().fold(0.0, f64::max);
        let rest = base.max(levels.rest.err[region]).max(levels.rest.hole[region]);
        let handshake = base.max(levels.wsconn.err[region]).max(levels.wsconn.hole[region]);
        let message = [lambda, table, over, levels.wspush.err[region], way].into_iter().fold(0.0, f64::max);
        let late = levels.stream[region].is_late();
        let socket = [message, if late { STREAM } else { 0.0 }, REPLICATION * far(levels, at, region)].into_iter().fold(0.0, f64::max);
        Self { answer: rest.max(CONNECT * handshake), socket, handshake, mute: if late { 1.0 } else { message }, way }
    }

    /// A user wholly there.
    pub(super) fn whole(&self) -> f64 {
        self.answer.max(self.socket)
    }
}

/// How much of the chat is beyond late replication from `region`, either way: 0 to 1.
fn far(levels: &Levels, at: &[f64; 3], region: usize) -> f64 {
    let behind =
        (0..3).filter(|other| *other != region && (levels.repl[*other][region].is_late() || levels.repl[region][*other].is_late()));
    (behind.map(|other| at[other]).sum::<f64>() / GOOD_PART).min(1.0)
}
