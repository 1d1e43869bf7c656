//! The decision again, written as plainly as it can be: no memory is kept in letters, nothing is folded; every judgement looks at the whole history.
//!
//! It covers rounds, drains, holds, resumes and the safety rules on policies whose regions return automatically, know no capacity and have error budgets
//! that nobody can use up. Slow, and meant to be.

use std::collections::BTreeMap;

use decision::{Check, Policy, RegionName, Thresholds, Vote};
use jiff::{SignedDuration, Timestamp};

use crate::fixture::seconds;

/// What one round shows of one region.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sight {
    Clean,
    Late,
    Retried,
    SocketsFail,
    TableFails,
    Gone,
    Unjudged,
}

impl Sight {
    pub(crate) const ALL: [Sight; 7] =
        [Sight::Clean, Sight::Late, Sight::Retried, Sight::SocketsFail, Sight::TableFails, Sight::Gone, Sight::Unjudged];

    pub(crate) fn faults(self, name: &'static str) -> Vec<(&'static str, Check, &'static str)> {
        match self {
            Sight::Clean => Vec::new(),
            Sight::Late => vec![(name, Check::Rest, "degraded:late")],
            Sight::Retried => vec![(name, Check::Rest, "retried")],
            Sight::SocketsFail => vec![(name, Check::Websocket, "fail:status-503")],
            Sight::TableFails => vec![(name, Check::Table, "fail:status-503")],
            Sight::Gone => {
                [Check::Rest, Check::Websocket, Check::Table, Check::Delivery].map(|check| (name, check, "fail:status-503")).into()
            }
            Sight::Unjudged => vec![(name, Check::Delivery, "unknown:observer")],
        }
    }

    fn bad(self) -> bool {
        matches!(self, Sight::Retried | Sight::SocketsFail | Sight::TableFails | Sight::Gone)
    }

    fn sockets_fail(self) -> bool {
        matches!(self, Sight::SocketsFail | Sight::Gone)
    }

    fn table_fails(self) -> bool {
        matches!(self, Sight::TableFails | Sight::Gone)
    }

    /// Failures that no retry mended weigh twice.
    fn weight(self) -> usize {
        match self {
            Sight::Retried => 1,
            Sight::SocketsFail | Sight::TableFails | Sight::Gone => 2,
            Sight::Clean | Sight::Late | Sight::Unjudged => 0,
        }
    }
}

/// What a person asked of a region, as every store has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Nothing,
    Drain { generation: u64, until: Timestamp },
    Hold { until: Timestamp },
}

#[derive(Debug, Clone)]
struct Region {
    vote: Vote,
    since: Timestamp,
    /// When it was last brought back.
    back_at: Option<Timestamp>,
    /// Every judged round since the last long silence.
    rounds: Vec<(Timestamp, Sight)>,
    /// Whether it was unhealthy when the history was cut.
    was_down: bool,
    /// Times at which it was ejected automatically and has not been clean for long since.
    relapses: i32,
    ejected_at: Option<Timestamp>,
    held_until: Option<Timestamp>,
    /// Clean time up to here has been used to forgive relapses.
    forgiven_to: Option<Timestamp>,
}

/// One observer's controller, in plain words.
pub(crate) struct Twin {
    policy: Policy,
    regions: BTreeMap<RegionName, Region>,
    last_round: Option<Timestamp>,
    newest: BTreeMap<RegionName, Sight>,
    fit: bool,
}

impl Twin {
    pub(crate) fn new(policy: &Policy, now: Timestamp) -> Self {
        let region = Region {
            vote: Vote::Serve,
            since: now,
            back_at: None,
            rounds: Vec::new(),
            was_down: false,
            relapses: 0,
            ejected_at: None,
            held_until: None,
            forgiven_to: None,
        };
        let regions = policy.regions().iter().map(|name| (name.clone(), region.clone())).collect();
        Self { policy: policy.clone(), regions, last_round: None, newest: BTreeMap::new(), fit: true }
    }

    pub(crate) fn round(&mut self, at: Timestamp, sights: &BTreeMap<RegionName, Sight>, fit: bool) {
        let t = self.policy.thresholds();
        let long = t.silent_after() * i32::from(t.down_window);
        let cut = self.last_round.is_some_and(|last| at.duration_since(last) > long);
        for (name, region) in &mut self.regions {
            if cut {
                region.was_down = is_down(region, t);
                region.rounds.clear();
                region.forgiven_to = None;
            }
            let sight = sights[name];
            if !fit || sight == Sight::Unjudged {
                continue;
            }
            region.rounds.push((at, sight));
            if sight.bad() {
                region.forgiven_to = None;
                if region.held_until.is_some() {
                    region.held_until = Some(
                        at + hold_down(
                            &self.policy,
                            region.relapses,
                            region.ejected_at.map_or(seconds(0), |ejected| at.duration_since(ejected)),
                        ),
                    );
                }
            } else {
                let from = *region.forgiven_to.get_or_insert(at);
                if region.relapses > 0 && at.duration_since(from) >= t.hold_down_decay() {
                    region.relapses -= 1;
                    region.forgiven_to = Some(from + t.hold_down_decay());
                }
            }
        }
        (self.last_round, self.newest, self.fit) = (Some(at), sights.clone(), fit);
    }

    /// The votes at `now`, which become the last votes.
    pub(crate) fn decide(&mut self, asked: &BTreeMap<RegionName, Asked>, now: Timestamp) -> BTreeMap<RegionName, Vote> {
        let t = self.policy.thresholds().clone();
        let blind = !self.fit || self.last_round.is_none_or(|last| now.duration_since(last) > t.silent_after());
        let asked = |name: &RegionName| asked.get(name).copied().unwrap_or(Asked::Nothing);

        // Drains, oldest generation first, as many as fit.
        let mut drains: Vec<(u64, RegionName)> = Vec::new();
        for name in self.regions.keys() {
            match asked(name) {
                Asked::Drain { generation, until } if now < until => drains.push((generation, name.clone())),
                Asked::Drain { .. } | Asked::Hold { .. } | Asked::Nothing => {}
            }
        }
        drains.sort();
        drains.truncate(self.regions.len() - usize::from(t.min_serving));
        let drained: Vec<RegionName> = drains.into_iter().map(|(_, name)| name).collect();

        let down = |region: &Region| is_down(region, &t);
        let failing = |region: &Region| {
            let newest_is_bad = region.rounds.last().is_some_and(|(_, sight)| sight.bad());
            down(region) && newest_is_bad && is_enough(&after_recovery(region, &t).rounds, &t)
        };
        let clean = |region: &Region| region.rounds.iter().rev().take_while(|(_, sight)| !sight.bad()).count();

        // While another region is unhealthy, those that are out are held down no longer than they must be.
        let pressed = |but: &RegionName| self.regions.iter().any(|(name, other)| name != but && !drained.contains(name) && down(other));
        let shortest = |region: &Region| region.forgiven_to.unwrap_or(now) + hold_down(&self.policy, region.relapses, seconds(0));

        // What each undrained region would get by itself.
        let mut wish: BTreeMap<RegionName, Vote> = BTreeMap::new();
        let mut held = Vec::new();
        for (name, region) in self.regions.iter().filter(|(name, _)| !drained.contains(name)) {
            let is_held = matches!(asked(name), Asked::Hold { until } if now < until);
            let unseen = blind || self.newest[name] == Sight::Unjudged;
            let back = !failing(region)
                && !down(region)
                && clean(region) >= usize::from(t.up_after)
                && region.held_until.is_none_or(|until| now >= if pressed(name) { until.min(shortest(region)) } else { until });
            let vote = match region.vote {
                _ if is_held || unseen => region.vote,
                Vote::Serve if failing(region) => Vote::Eject,
                Vote::Eject if back => Vote::Serve,
                kept => kept,
            };
            if is_held {
                held.push(name.clone());
            }
            wish.insert(name.clone(), vote);
        }

        // Whom the rules force back serves in all that follows.
        let alone = wish;
        let mut gave_way: Vec<RegionName> = Vec::new();
        let mut wish = loop {
            let mut wish = alone.clone();
            for name in &gave_way {
                let again = failing(&self.regions[name]) && !held.contains(name) && !blind && self.newest[name] != Sight::Unjudged;
                wish.insert(name.clone(), if again { Vote::Eject } else { Vote::Serve });
            }
            let before = |name: &RegionName| if gave_way.contains(name) { Vote::Serve } else { self.regions[name].vote };
            self.limit(&mut wish, before, drained.len(), &held, now);
            let stays = |name: &&RegionName| before(name) == Vote::Serve || alone[*name] == Vote::Serve || wish[*name] == Vote::Eject;
            let forced: Vec<RegionName> = alone.keys().filter(|name| !stays(name)).cloned().collect();
            if forced.is_empty() {
                break wish;
            }
            gave_way.extend(forced);
        };

        // Nobody leaves while that would have the checkers see every region out: one that came back a moment ago counts as out. Drains go first.
        wish.extend(drained.iter().map(|name| (name.clone(), Vote::Eject)));
        let settles = |region: &Region| region.back_at.is_some_and(|back| now.duration_since(back) < t.settle());
        let seen = |region: &Region| region.vote == Vote::Eject || settles(region);
        let mut all_seen = self.regions.values().filter(|region| seen(region)).count();
        for drains in [true, false] {
            for (name, _) in self.regions.iter().filter(|(name, region)| drained.contains(name) == drains && !seen(region)) {
                if wish[name] == Vote::Eject {
                    if all_seen + 1 == self.regions.len() {
                        wish.insert(name.clone(), Vote::Serve);
                    } else {
                        all_seen += 1;
                    }
                }
            }
        }

        // What became of it.
        for (name, region) in &mut self.regions {
            let vote = wish[name];
            if (region.vote, vote) == (Vote::Eject, Vote::Serve) {
                region.back_at = Some(now);
            }
            if vote == Vote::Serve {
                region.held_until = None;
            }
            if vote != region.vote {
                if vote == Vote::Eject && !drained.contains(name) {
                    // Whoever fails again within twenty minutes of its return has had no better time in between: it counts for five.
                    let at_once = region.relapses >= 1 && now.duration_since(region.since).as_secs_f64() < t.slow_window_seconds;
                    region.relapses += if at_once { 5 } else { 1 };
                    region.ejected_at = Some(now);
                    region.held_until = Some(now + hold_down(&self.policy, region.relapses, seconds(0)));
                }
                (region.vote, region.since) = (vote, now);
            }
        }
        self.regions.iter().map(|(name, region)| (name.clone(), region.vote)).collect()
    }

    /// Everyone looks sick, and as many as may be out.
    fn limit(
        &self,
        wish: &mut BTreeMap<RegionName, Vote>,
        before: impl Fn(&RegionName) -> Vote,
        drained: usize,
        held: &[RegionName],
        now: Timestamp,
    ) {
        let t = self.policy.thresholds().clone();
        let last = |region: &Region| region.rounds.iter().rev().take(8).map(|(_, sight)| *sight).collect::<Vec<_>>();
        let since_return = |region: &Region| last(&after_recovery(region, &t));
        let bad = |region: &Region| since_return(region).iter().filter(|sight| sight.bad()).count();

        // Nobody leaves a region than which no other looks much better.
        let as_sick = |other: &RegionName, than: &RegionName| {
            let rounds = after_recovery(&self.regions[than], &t).rounds;
            // Of one check that fails now and then, a few rounds say so little that it is enough if the other fails at all.
            let counted = is_enough(&rounds, &t) && gone_for(&rounds) < usize::from(t.gone_after);
            let (other, than) = (bad(&self.regions[other]), bad(&self.regions[than]));
            (counted && other > 0) || (other >= 2 && 2 * other >= than)
        };
        let names: Vec<RegionName> = wish.keys().cloned().collect();
        for name in names.iter().filter(|name| names.len() >= 2 && !held.contains(name) && before(name) == Vote::Serve) {
            if names.iter().filter(|other| *other != name).all(|other| as_sick(other, name)) {
                wish.insert(name.clone(), Vote::Serve);
            }
        }

        // Frozen ones first, then sick ones, then the oldest, then the sickest, then by name.
        let mut room = self.regions.len() - drained - usize::from(t.min_serving);
        let recently = |at: &Timestamp| now.duration_since(*at).abs() < t.ejection_window() && *at <= now;
        let mut soon = self.regions.values().filter_map(|region| region.ejected_at).max().is_some_and(|at| recently(&at));
        let mut out: Vec<RegionName> = wish.iter().filter(|(_, vote)| **vote == Vote::Eject).map(|(name, _)| name.clone()).collect();
        let weight = |region: &Region| since_return(region).iter().map(|sight| sight.weight()).sum::<usize>();
        let down = |region: &Region| is_down(region, &t);
        out.sort_by_key(|name| {
            let region = &self.regions[name];
            let age = if before(name) == Vote::Eject { region.since } else { Timestamp::MAX };
            (!held.contains(name), !down(region), age, usize::MAX - weight(region), name.clone())
        });
        let mut survivors = wish.iter().filter(|(name, vote)| before(name) == Vote::Serve || **vote == Vote::Serve).count();
        for name in out {
            let new = before(&name) == Vote::Serve;
            // No capacity is known, so a second region is left only when nothing of it works.
            let rounds = after_recovery(&self.regions[&name], &t).rounds;
            let no_room = survivors < self.regions.len() && gone_for(&rounds) < 8.min(3 * usize::from(t.gone_after));
            if room == 0 || (new && (soon || no_room)) {
                survivors += usize::from(!new);
                wish.insert(name, Vote::Serve);
            } else {
                room -= 1;
                soon |= new;
                survivors -= usize::from(new);
            }
        }
    }
}

/// The region with only the rounds since it last became healthy, or with all.
fn after_recovery(region: &Region, t: &Thresholds) -> Region {
    let mut down = region.was_down;
    let (mut cut, mut from) = (0, 0);
    for end in 1..=region.rounds.len() {
        let rounds = &region.rounds[..end];
        down |= rounds[end - 1].1.bad() && is_enough(&rounds[from..], t);
        let clean = rounds.iter().rev().take_while(|(_, sight)| !sight.bad()).count();
        if down && clean >= usize::from(t.up_after) {
            (down, cut, from) = (false, end - clean, end - clean);
        }
    }
    Region { rounds: region.rounds[cut..].to_vec(), ..region.clone() }
}

/// Unhealthy from the round in which too many of the last failed until the round that completes a clean run.
fn is_down(region: &Region, t: &Thresholds) -> bool {
    let (mut down, mut from) = (region.was_down, 0);
    for end in 1..=region.rounds.len() {
        let rounds = &region.rounds[..end];
        down |= rounds[end - 1].1.bad() && is_enough(&rounds[from..], t);
        let clean = rounds.iter().rev().take_while(|(_, sight)| !sight.bad()).count();
        if down && clean >= usize::from(t.up_after) {
            (down, from) = (false, end - clean);
        }
    }
    down
}

/// Whether these rounds are enough to be unhealthy: nothing worked for so long, or one check failed so often.
fn is_enough(rounds: &[(Timestamp, Sight)], t: &Thresholds) -> bool {
    let recent = &rounds[rounds.len().saturating_sub(t.down_window.into())..];
    let count = |fails: fn(Sight) -> bool| recent.iter().filter(|(_, sight)| fails(*sight)).count();
    let most = count(Sight::sockets_fail).max(count(Sight::table_fails));
    gone_for(rounds) >= usize::from(t.gone_after) || most >= usize::from(t.down_after)
}

/// For how many rounds up to the newest nothing worked.
fn gone_for(rounds: &[(Timestamp, Sight)]) -> usize {
    rounds.iter().rev().take_while(|(_, sight)| *sight == Sight::Gone).count()
}

fn hold_down(policy: &Policy, relapses: i32, out: SignedDuration) -> SignedDuration {
    let t = policy.thresholds();
    let mut hold = t.hold_down_seconds.max(out.as_secs_f64() * t.hold_down_share);
    for _ in 1..relapses {
        hold *= 2.0;
    }
    SignedDuration::try_from_secs_f64(hold.min(t.hold_down_max_seconds)).unwrap_or(SignedDuration::MAX)
}
