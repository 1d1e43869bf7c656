//! Live sockets: who leaves one, when, and where to. A fluid: shares of users, no single user, nothing drawn.
//!
//! A live socket stays where it is when an answer changes. What our reference client really does (`world/src/user/conversation.rs`,
//! `chat/web/chat.js`): it never leaves a socket that works. It leaves one on which its own message does not come back within 5 s, or which has
//! been silent through a ping, and dials where DNS leads it then. So a sick region loses its sockets as fast as people speak, and a drained
//! healthy one keeps them. The talk's page does none of that: its socket stays until somebody reloads the page.
//!
//! Decided here, by estimate:
//! * In a live room somebody says something about once a minute. A share `p` of messages that gets lost is noticed after `60/p + 5` seconds.
//! * A dead way is noticed by the ping: 10 s until it, 5 s for its answer.
//! * A person reloads with a chance of 1 in 10 per minute, once at least half has failed for a minute. Less is taken for a hiccup.
//! * API Gateway ends every socket within two hours. Such a reconnect is forced by nobody and costs nothing, but it follows DNS.
//! * Who cannot connect stays counted where it was: what hurts there hurts on. A reconnect to the same region is no move and costs nothing, except
//!   after a cut: a client that dials a sick region again and again is hurt by the sickness already.

use super::felt::Felt;

/// Seconds between two messages of one user.
const SAYS_EVERY_S: f64 = 60.0;
/// The reference client waits so long for its own message to come back (`Pace::echo_within`).
const ECHO_WITHIN_S: f64 = 5.0;
/// The reference client notices a dead way in so long (`Pace::ping_every` and `Pace::pong_within`).
const SILENT_AFTER_S: f64 = 15.0;
/// Chance per second that a person reloads a page that is broken.
const RELOADS_PER_S: f64 = 0.1 / 60.0;
/// A page counts as broken when so much has failed ...
const BROKEN: f64 = 0.5;
/// ... for so long.
const BROKEN_FOR_S: f64 = 60.0;
/// The longest life of a socket at API Gateway, in seconds.
const LIFE_S: f64 = 7200.0;

/// What clients do by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Client {
    /// Ours: leaves a socket on which messages do not come back.
    Reference,
    /// The talk's page: somebody has to reload it.
    Page,
}

/// The live sockets of the users of one home behind one carrier.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Sockets {
    /// Shares by region; their sum is 1.
    pub(super) at: [f64; 3],
    /// For how many seconds at least half has failed there.
    broken_for: [f64; 3],
}

impl Sockets {
    /// All in one region.
    pub(super) fn new(region: usize) -> Self {
        Self { at: std::array::from_fn(|r| if r == region { 1.0 } else { 0.0 }), broken_for: [0.0; 3] }
    }

    /// Lives `seconds` with answers that lead to `led`, in shares. Returns the share that was forced to another region.
    pub(super) fn pass(&mut self, seconds: f64, led: &[f64], felt: &[Felt; 3], client: Client) -> f64 {
        let open: [f64; 3] = std::array::from_fn(|r| led[r] * (1.0 - felt[r].handshake));
        let before = self.at;
        let mut forced = 0.0;
        for from in 0..3 {
            let open_elsewhere: f64 = (0..3).filter(|r| *r != from).map(|r| open[r]).sum();
            if before[from] > 0.0 && open_elsewhere > 0.0 {
                let leaves = client.leaves(&felt[from], self.broken_for[from]);
                let rate = leaves + 1.0 / LIFE_S;
                let gone = before[from] * -(-rate * open_elsewhere * seconds).exp_m1();
                self.at[from] -= gone;
                for to in (0..3).filter(|r| *r != from) {
                    self.at[to] += gone * open[to] / open_elsewhere;
                }
                forced += gone * leaves / rate;
            }
            self.broken_for[from] = if is_broken(&felt[from]) { self.broken_for[from] + seconds } else { 0.0 };
        }
        forced
    }

    /// A share of the sockets in each region is cut. Returns the share of users who have to connect anew.
    pub(super) fn cut(&mut self, cut: &[f64; 3], led: &[f64], felt: &[Felt; 3]) -> f64 {
        let before = self.at;
        let mut all = 0.0;
        for from in 0..3 {
            let gone = before[from] * cut[from];
            for to in (0..3).filter(|r| *r != from) {
                let moved = gone * led[to] * (1.0 - felt[to].handshake);
                self.at[from] -= moved;
                self.at[to] += moved;
            }
            all += gone;
        }
        all
    }

    /// Whether sockets are being left, or about to be, faster than by their age.
    pub(super) fn are_moving(&self, led: &[f64], felt: &[Felt; 3], client: Client) -> bool {
        (0..3).any(|from| {
            let elsewhere = (0..3).any(|r| r != from && led[r] > 0.0 && felt[r].handshake < 1.0);
            self.at[from] > FEW && elsewhere && (client.leaves(&felt[from], self.broken_for[from]) > 0.0 || is_broken(&felt[from]))
        })
    }

    /// Whether all are in the region where answers lead.
    pub(super) fn are_led(&self, led: &[f64]) -> bool {
        (0..3).all(|r| self.at[r] <= 0.0 || led[r] >= 1.0)
    }
}

/// So few that nobody needs to follow them closely.
const FEW: f64 = 1e-4;

fn is_broken(felt: &Felt) -> bool {
    felt.mute >= BROKEN
}

impl Client {
    /// Chance per second that a socket is left for what is wrong with it.
    fn leaves(self, felt: &Felt, broken_for: f64) -> f64 {
        match self {
            Client::Reference => {
                let unheard = if felt.mute > 0.0 { 1.0 / (SAYS_EVERY_S / felt.mute + ECHO_WITHIN_S) } else { 0.0 };
                unheard.max(felt.way / SILENT_AFTER_S)
            }
            Client::Page if broken_for >= BROKEN_FOR_S && is_broken(felt) => RELOADS_PER_S,
            Client::Page => 0.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn felt(mute: f64) -> [Felt; 3] {
        [Felt { mute, socket: mute, ..Felt::default() }, Felt::default(), Felt::default()]
    }

    fn after(minutes: u32, mute: f64, client: Client) -> (f64, f64) {
        let mut sockets = Sockets::new(0);
        let forced: f64 = (0..minutes * 12).map(|_| sockets.pass(5.0, &[0.0, 1.0, 0.0], &felt(mute), client)).sum();
        (sockets.at[0], forced)
    }

    #[test]
    fn a_socket_that_works_stays_where_dns_no_longer_leads() {
        let (stayed, forced) = after(10, 0.0, Client::Reference);
        assert!(stayed > 0.9, "only age moves it: {stayed}");
        assert_eq!(forced, 0.0);
    }

    #[test]
    fn the_reference_client_leaves_a_mute_socket_about_as_fast_as_people_speak() {
        let (stayed, forced) = after(3, 1.0, Client::Reference);
        assert!((0.05..0.08).contains(&stayed), "{stayed}");
        assert!((0.9..0.95).contains(&forced), "{forced}");
        assert!(after(3, 0.1, Client::Reference).0 > 0.7, "one message in ten takes ten times as long");
    }

    #[test]
    fn the_talks_page_stays_until_somebody_reloads_it() {
        assert!(after(1, 1.0, Client::Page).0 > 0.99);
        let (stayed, _) = after(11, 1.0, Client::Page);
        assert!((0.3..0.4).contains(&stayed), "a tenth per minute, after one: {stayed}");
        assert!(after(30, 0.4, Client::Page).0 > 0.7, "less than half is taken for a hiccup");
    }

    #[test]
    fn nobody_moves_where_no_handshake_succeeds() {
        let mut sockets = Sockets::new(0);
        let mut all_sick = felt(1.0);
        all_sick[1].handshake = 1.0;
        let led = [0.0, 1.0, 0.0];
        assert_eq!(sockets.pass(600.0, &led, &all_sick, Client::Reference), 0.0);
        assert_eq!(sockets.at, [1.0, 0.0, 0.0]);
        assert!(!sockets.are_moving(&led, &all_sick, Client::Reference));
    }

    #[test]
    fn a_cut_costs_everybody_it_meets_and_moves_those_whom_dns_leads_elsewhere() {
        let mut sockets = Sockets::new(0);
        let forced = sockets.cut(&[0.5, 0.0, 0.0], &[0.6, 0.4, 0.0], &felt(0.0));
        assert_eq!(forced, 0.5);
        assert!((sockets.at[1] - 0.2).abs() < 1e-12 && (sockets.at[0] - 0.8).abs() < 1e-12, "{:?}", sockets.at);
    }
}
