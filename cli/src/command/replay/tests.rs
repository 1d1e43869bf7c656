//! Runs that are made up, and how they are shown: table, JSON, lanes, picture. What runs come to is tested in `replay`, the whole in `tests/replaying.rs`.

use std::time::Duration;

use decision::{Verdict, Vote};
use replay::engine::{Event, Happening, Minute, Transcript};
use replay::incident::{Call, Incident};
use replay::random::{Finding, Outcome, Sofar};

use super::draw::Draw;
use super::figures::Figures;
use super::picture::Picture;
use super::random::{Told, progress};
use super::row::{Offence, OffenceKind, Row, Side, Tally};
use super::shape::Shape;
use super::svg::svg;
use super::table::{View, legend, table};
use super::timeline::timeline;
use crate::args::{Against, Cli, Command, ReplayArgs};
use crate::out::Look;

/// The tables of A fail for half an hour; a message to nobody everywhere.
const FILE: &str = r#"
id = "T01"
title = "Tables of the first region fail for half an hour & nobody knows <why>"
source = "made up"
chat = "Nothing can be sent."
right = "leave"
trap = "none"
call = "move"
horizon = 60
regions = { A = "us-east-1", B = "us-west-2", C = "eu-west-1" }

faults = """
5  ddb A err=1 EE
5  sockets * drop=0.5 EE
20 ddb A err=0.3 EE
35 ddb A err=0 EE
"""
"#;

fn incident() -> Incident {
    Incident::parse("T01.toml", FILE).unwrap()
}

fn args(words: &[&str]) -> ReplayArgs {
    use clap::Parser;
    match Cli::try_parse_from(["failover", "replay"].iter().chain(words)).unwrap().command {
        Command::Replay(args) => args,
        other => panic!("parsed as {other:?}"),
    }
}

fn at(seconds: u64, what: Happening) -> Event {
    Event { at: Duration::from_secs(seconds), what }
}

/// Everybody sees it, two vote at once and the third later, answers follow, and all of it goes back.
fn transcript() -> Transcript {
    let verdict = |seconds, observer, from, to| at(seconds, Happening::Verdict { observer, region: 0, from, to });
    let vote = |seconds, observer, to, reason: &str| at(seconds, Happening::Vote { observer, region: 0, to, reason: reason.to_owned() });
    let why = "table failed in 3 of the last 5 rounds (status-500)";
    let mut events = vec![
        at(300, Happening::Fault { index: 0, line: 13 }),
        at(300, Happening::Fault { index: 1, line: 14 }),
        verdict(325, 0, Verdict::Healthy, Verdict::Unhealthy),
        vote(325, 0, Vote::Eject, why),
        verdict(331, 1, Verdict::Healthy, Verdict::Unhealthy),
        vote(331, 1, Vote::Eject, why),
        at(331, Happening::Majority { region: 0, ejected: true, hurt: 1.0 }),
        verdict(400, 2, Verdict::Healthy, Verdict::Degraded),
        at(345, Happening::Answer { home: 0, from: Some(0), to: Some(1), last_resort: false }),
        vote(420, 2, Vote::Eject, why),
        at(1200, Happening::Fault { index: 2, line: 15 }),
        at(1500, Happening::Refused { observer: 2, why: "votes are not stored: the store refuses the call".to_owned() }),
        at(2100, Happening::Fault { index: 3, line: 16 }),
    ];
    for (observer, seconds) in [(0, 2700), (1, 2703), (2, 2711)] {
        events.push(verdict(seconds, observer, Verdict::Unhealthy, Verdict::Healthy));
        events.push(vote(seconds, observer, Vote::Serve, "6 clean rounds after the hold-down"));
    }
    events.push(at(2703, Happening::Majority { region: 0, ejected: false, hurt: 0.0 }));
    events.push(at(2720, Happening::Answer { home: 0, from: Some(1), to: Some(0), last_resort: false }));
    events.sort_by_key(|event| event.at);
    let minutes = (0..60).map(|minute| {
        let hurt = match minute {
            5 => 0.9,
            6 => 0.35,
            7..=9 => 0.04,
            _ => 0.0,
        };
        Minute {
            verdicts: [[Verdict::Healthy; 3]; 3],
            votes: [[Vote::Serve; 3]; 3],
            ejected: [false; 3],
            answers: [Some(0), Some(1), Some(2)],
            sick: [if (5..35).contains(&minute) { 0.9 } else { 0.0 }, 0.0, 0.0],
            hurt: [hurt, 0.0, 0.0],
            placed: [1.0 / 3.0; 3],
        }
    });
    Transcript { events, minutes: minutes.collect() }
}

fn picture() -> Picture {
    let incident = incident();
    Picture::new(&incident, &Draw::new(&incident, 1, 0), &transcript())
}

fn figures(a: f64) -> Figures {
    Figures { error_minutes: [a, 0.1, 0.0], reconnects: [a / 10.0, 0.0, 0.0], ..Figures::default() }
}

fn tally(side: Side, median: Figures, worst: Figures) -> Tally {
    Tally { side, median, worst, worst_draw: Draw::new(&incident(), 1, 2) }
}

fn row(id: &str, call: Call, ours: Figures, none: f64) -> Row {
    let worst = Figures { error_minutes: [ours.error_minutes[0] * 1.5, 0.4, 0.0], ..ours.clone() };
    let other = |side, a| tally(Side::Other(side), figures(a), figures(a * 2.0));
    let title = "A title that is longer than any table is wide, as titles of incidents tend to be in the end".to_owned();
    let tallies = vec![tally(Side::Ours, ours, worst), other(Against::None, none), other(Against::Talk, none * 1.1)];
    Row { id: id.to_owned(), title, call, regions: Draw::new(&incident(), 1, 0).regions, tallies, offences: vec![], picture: None }
}

/// Three incidents: one left in time, one left wrongly, one in which something forbidden happened.
fn rows() -> Vec<Row> {
    let left = Figures { seconds_to_vote: Some(31.4), seconds_to_answers: Some(95.0), overload_minutes: 0.2, ..figures(1.94) };
    let wrong = Figures { wrong_ejects: 1, flips: 2, minutes_nothing_served: 12.0, ..figures(0.25) };
    let mut third = row("S02", Call::Stay, figures(3.0), 3.0);
    third.title = "Short".to_owned();
    third.offences = vec![
        Offence { kind: OffenceKind::Forbidden, what: "A was ejected at minute 12".to_owned(), run: 0, runs: 1 },
        Offence { kind: OffenceKind::Violation, what: "deciding again moved a vote at 0:10:00".to_owned(), run: 4, runs: 3 },
    ];
    vec![row("D01a", Call::Move, left, 156.2), row("D06", Call::Stay, wrong, 0.0), third]
}

const SIDES: [Side; 3] = [Side::Ours, Side::Other(Against::None), Side::Other(Against::Talk)];

fn view(runs: u32, wide: bool) -> View<'static> {
    View { sides: &SIDES, runs, wide, width: 120, look: Look::PLAIN }
}

#[test]
fn the_table_of_one_run() {
    insta::assert_snapshot!(table(&rows(), &view(1, false)), @"
                                                          ERROR-MINUTES, HOME A
      ID    INCIDENT                                   CALL  OURS   NONE   TALK  WRONG  FLIPS  EMPTY  OVER  VOTE  ANSWERS
    ✓ D01a  A title that is longer than any table is…  move   1.9  156.2  171.8      0      0      0    <1   31s   1m 35s
    ! D06   A title that is longer than any table is…  stay   0.2    0.0    0.0      1      2     12     0     –        –
    ✗ S02   Short                                      stay   3.0    3.0    3.3      0      0      0     0     –        –

    ✓ sum   1 incident                                 move   1.9  156.2  171.8      0      0      0    <1
    ✗ sum   2 incidents                                stay   3.2    3.0    3.3      1      2     12     0
    ✗ sum   3 incidents                                       5.2  159.2  175.1      1      2     12    <1

    ✗ S02: forbidden: A was ejected at minute 12
    ✗ S02: broken promise: deciding again moved a vote at 0:10:00 (3 runs, first in run 4)
    ");
}

#[test]
fn the_table_of_many_runs_with_all_columns() {
    let view = view(50, true);
    insta::assert_snapshot!(format!("{}\n\n{}", table(&rows(), &view), legend(&view)), @"
                                                              ERROR-MINUTES, HOME A
      ID    INCIDENT       CALL  OURS  WORST  HOME B  HOME C  RECONN.   NONE   TALK  WRONG  FLIPS  EMPTY  OVER  VOTE  ANSWERS
    ✓ D01a  A title that…  move   1.9    2.9     0.1     0.0      0.2  156.2  171.8      0      0      0    <1   31s   1m 35s
    ! D06   A title that…  stay   0.2    0.4     0.1     0.0      0.0    0.0    0.0      1      2     12     0     –        –
    ✗ S02   Short          stay   3.0    4.5     0.1     0.0      0.3    3.0    3.3      0      0      0     0     –        –

    ✓ sum   1 incident     move   1.9    2.9     0.1     0.0      0.2  156.2  171.8      0      0      0    <1
    ✗ sum   2 incidents    stay   3.2    4.9     0.2     0.0      0.3    3.0    3.3      1      2     12     0
    ✗ sum   3 incidents           5.2    7.8     0.3     0.0      0.5  159.2  175.1      1      2     12    <1

    ✗ S02: forbidden: A was ejected at minute 12
    ✗ S02: broken promise: deciding again moved a vote at 0:10:00 (3 runs, first in run 4)

    error-minutes  minutes of failure of an average user homed in A, the impaired region; 0.25 for each forced reconnect
                   OURS: this policy; WORST: the worst run of it; the other columns are medians, or the most of any run
                   where they count something; NONE: nobody moves anybody; TALK: one check of /health per region
                   HOME B, HOME C: the same for users homed there; RECONN.: how often one homed in A was made to reconnect
    CALL           the right one: move, stay, or room: move if the survivors have room
    WRONG, FLIPS   regions left while they were fine; times one went out or came back beyond the first
    EMPTY, OVER    minutes in which votes left some no answer or a last resort; in which a serving region was overloaded
    VOTE, ANSWERS  from the first that users felt to a majority of votes; to DNS answers that follow it
    ");
}

#[test]
fn a_table_keeps_to_its_width_and_to_ascii_where_it_must() {
    for (width, runs) in [(100, 1), (120, 1), (120, 50), (200, 50)] {
        let ascii = View { width, look: Look { unicode: false, color: false }, ..view(runs, false) };
        let text = format!("{}\n{}", table(&rows(), &ascii), legend(&ascii));
        assert!(text.is_ascii(), "{text}");
        assert!(text.lines().all(|line| line.len() <= width), "wider than {width}:\n{text}");
    }
}

#[test]
fn colour_moves_nothing() {
    let coloured = Look { unicode: true, color: true };
    let (plain, painted) = (table(&rows(), &view(1, false)), table(&rows(), &View { look: coloured, ..view(1, false) }));
    assert_ne!(plain, painted);
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
    let (plain, painted) = (timeline(&picture(), 100, Look::PLAIN), timeline(&picture(), 100, coloured));
    assert_ne!(plain, painted);
    assert_eq!(anstream::adapter::strip_str(&painted).to_string(), plain);
}

#[test]
fn one_incident_has_no_sum() {
    let text = table(&rows()[..1], &view(1, false));
    assert!(!text.contains("sum") && !text.ends_with('\n'), "{text}");
}

#[test]
fn the_object_for_scripts() {
    let rows = [Row { picture: Some(Picture { lanes: vec![], events: vec![], ..picture() }), ..rows().remove(0) }];
    let args = args(&["--runs", "50", "--seed", "7"]);
    let json: serde_json::Value = serde_json::from_str(&crate::out::document(&Shape::new(&args, &SIDES[..2], &rows)).unwrap()).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&json).unwrap(), @r#"
    {
      "command": "replay",
      "incidents": [
        {
          "by": {
            "failover": {
              "median": {
                "error_minutes": {
                  "A": 1.94,
                  "B": 0.1,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.2,
                "reconnects": {
                  "A": 0.194,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": 95.0,
                "seconds_to_vote": 31.4,
                "wrong_ejects": 0
              },
              "worst": {
                "error_minutes": {
                  "A": 2.91,
                  "B": 0.4,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.2,
                "reconnects": {
                  "A": 0.194,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": 95.0,
                "seconds_to_vote": 31.4,
                "wrong_ejects": 0
              },
              "worst_run": {
                "headroom": 2.5,
                "jitter": true,
                "level": 1.0,
                "regions": {
                  "A": "us-east-1",
                  "B": "us-west-2",
                  "C": "eu-west-1"
                },
                "run": 2,
                "run_seed": 3816634323520762,
                "shares": {
                  "A": 0.8,
                  "B": 0.1,
                  "C": 0.1
                }
              }
            },
            "none": {
              "median": {
                "error_minutes": {
                  "A": 156.2,
                  "B": 0.1,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.0,
                "reconnects": {
                  "A": 15.62,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": null,
                "seconds_to_vote": null,
                "wrong_ejects": 0
              },
              "worst": {
                "error_minutes": {
                  "A": 312.4,
                  "B": 0.1,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.0,
                "reconnects": {
                  "A": 31.24,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": null,
                "seconds_to_vote": null,
                "wrong_ejects": 0
              },
              "worst_run": {
                "headroom": 2.5,
                "jitter": true,
                "level": 1.0,
                "regions": {
                  "A": "us-east-1",
                  "B": "us-west-2",
                  "C": "eu-west-1"
                },
                "run": 2,
                "run_seed": 3816634323520762,
                "shares": {
                  "A": 0.8,
                  "B": 0.1,
                  "C": 0.1
                }
              }
            },
            "talk": {
              "median": {
                "error_minutes": {
                  "A": 171.82,
                  "B": 0.1,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.0,
                "reconnects": {
                  "A": 17.182,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": null,
                "seconds_to_vote": null,
                "wrong_ejects": 0
              },
              "worst": {
                "error_minutes": {
                  "A": 343.64,
                  "B": 0.1,
                  "C": 0.0
                },
                "flips": 0,
                "minutes_nothing_served": 0.0,
                "overload_minutes": 0.0,
                "reconnects": {
                  "A": 34.364,
                  "B": 0.0,
                  "C": 0.0
                },
                "seconds_to_answers": null,
                "seconds_to_vote": null,
                "wrong_ejects": 0
              },
              "worst_run": {
                "headroom": 2.5,
                "jitter": true,
                "level": 1.0,
                "regions": {
                  "A": "us-east-1",
                  "B": "us-west-2",
                  "C": "eu-west-1"
                },
                "run": 2,
                "run_seed": 3816634323520762,
                "shares": {
                  "A": 0.8,
                  "B": 0.1,
                  "C": 0.1
                }
              }
            }
          },
          "call": "move",
          "id": "D01a",
          "offences": [],
          "regions": {
            "A": "us-east-1",
            "B": "us-west-2",
            "C": "eu-west-1"
          },
          "timeline": {
            "events": [],
            "id": "T01",
            "lanes": [],
            "minutes": 60.0,
            "regions": {
              "A": "us-east-1",
              "B": "us-west-2",
              "C": "eu-west-1"
            },
            "run": null,
            "title": "Tables of the first region fail for half an hour & nobody knows <why>"
          },
          "title": "A title that is longer than any table is wide, as titles of incidents tend to be in the end"
        }
      ],
      "ok": true,
      "runs": 50,
      "schema": "failover/v1",
      "seed": 7,
      "sides": [
        "failover",
        "none"
      ],
      "sums": {
        "failover": {
          "median": {
            "error_minutes": {
              "A": 1.94,
              "B": 0.1,
              "C": 0.0
            },
            "flips": 0,
            "minutes_nothing_served": 0.0,
            "overload_minutes": 0.2,
            "reconnects": {
              "A": 0.194,
              "B": 0.0,
              "C": 0.0
            },
            "seconds_to_answers": null,
            "seconds_to_vote": null,
            "wrong_ejects": 0
          },
          "worst": {
            "error_minutes": {
              "A": 2.91,
              "B": 0.4,
              "C": 0.0
            },
            "flips": 0,
            "minutes_nothing_served": 0.0,
            "overload_minutes": 0.2,
            "reconnects": {
              "A": 0.194,
              "B": 0.0,
              "C": 0.0
            },
            "seconds_to_answers": null,
            "seconds_to_vote": null,
            "wrong_ejects": 0
          }
        },
        "none": {
          "median": {
            "error_minutes": {
              "A": 156.2,
              "B": 0.1,
              "C": 0.0
            },
            "flips": 0,
            "minutes_nothing_served": 0.0,
            "overload_minutes": 0.0,
            "reconnects": {
              "A": 15.62,
              "B": 0.0,
              "C": 0.0
            },
            "seconds_to_answers": null,
            "seconds_to_vote": null,
            "wrong_ejects": 0
          },
          "worst": {
            "error_minutes": {
              "A": 312.4,
              "B": 0.1,
              "C": 0.0
            },
            "flips": 0,
            "minutes_nothing_served": 0.0,
            "overload_minutes": 0.0,
            "reconnects": {
              "A": 31.24,
              "B": 0.0,
              "C": 0.0
            },
            "seconds_to_answers": null,
            "seconds_to_vote": null,
            "wrong_ejects": 0
          }
        }
      }
    }
    "#);
}

#[test]
fn lanes_and_sentences_tell_what_happened() {
    insta::assert_snapshot!(timeline(&picture(), 110, Look::PLAIN), @"
    T01  Tables of the first region fail for half an hour & nobody knows <why>
    A us-east-1   B us-west-2   C eu-west-1

                      |0:00          |0:10          |0:20           |0:30          |0:40          |0:50
    what broke
      ddb err A       ·······████████████████████████▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒▒·····································
      sockets drop *  ·······▒···················································································
    verdicts
      on A by A       ········█████████████████████████████████████████████████████████████······················
      on A by B       ········█████████████████████████████████████████████████████████████······················
      on A by C       ··········~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~~······················
    votes to eject
      A               ········2233333333333333333333333333333333333333333333333333333333333······················
    answered with
      A users         ········BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB······················
    users hurt
      A users         ·······███▃▁▁▁▁▁···········································································
      if all in A     ·······███████████████████████████████████████████████·····································

    · all is well   ░▒▓█ a little to wholly broken   ~ degraded   █ unhealthy   1 2 3 votes of three; two eject
    A B C answered with that region   ▁█ share of what users do that fails

    ✗   0:05:00  fault    ddb err=1 in A (line 13)
    ✗   0:05:00  fault    sockets drop=0.5 in * (line 14)
    ✗   0:05:25  verdict  us-east-1 finds us-east-1 unhealthy, no longer healthy
    !   0:05:25  vote     us-east-1 votes eject on us-east-1: table failed in 3 of the last 5 rounds (status-500)
    ✗   0:05:31  verdict  us-west-2 finds us-east-1 unhealthy, no longer healthy
    !   0:05:31  vote     us-west-2 votes eject on us-east-1: table failed in 3 of the last 5 rounds (status-500)
    !   0:05:31  majority us-east-1 is ejected; 100 % of what a user does there fails
    !   0:05:45  answers  users of us-east-1 are answered with us-west-2
    !   0:06:40  verdict  eu-west-1 finds us-east-1 degraded, no longer healthy
    !   0:07:00  vote     eu-west-1 votes eject on us-east-1: table failed in 3 of the last 5 rounds (status-500)
    ✗   0:20:00  fault    ddb err=0.3 in A (line 15)
    ?   0:25:00  refused  at eu-west-1: votes are not stored: the store refuses the call
    ✓   0:35:00  fault    ddb err=0 in A (line 16)
    ✓   0:45:00  verdict  us-east-1 finds us-east-1 healthy, no longer unhealthy
    ✓   0:45:00  vote     us-east-1 votes serve on us-east-1: 6 clean rounds after the hold-down
    ✓   0:45:03  verdict  us-west-2 finds us-east-1 healthy, no longer unhealthy
    ✓   0:45:03  vote     us-west-2 votes serve on us-east-1: 6 clean rounds after the hold-down
    ✓   0:45:03  majority us-east-1 is no longer ejected; 0 % of what a user does there fails
    ✓   0:45:11  verdict  eu-west-1 finds us-east-1 healthy, no longer unhealthy
    ✓   0:45:11  vote     eu-west-1 votes serve on us-east-1: 6 clean rounds after the hold-down
    ✓   0:45:20  answers  users of us-east-1 are answered with us-east-1
    ");
}

#[test]
fn lanes_need_no_more_than_ascii() {
    let text = timeline(&picture(), 90, Look { unicode: false, color: false });
    assert!(text.is_ascii() && text.lines().all(|line| line.len() <= 90), "{text}");
}

#[test]
fn what_lasts_a_second_in_two_weeks_shows() {
    let mut picture = picture();
    picture.minutes = 20_160.0;
    let text = timeline(&picture, 100, Look::PLAIN);
    for lane in ["on A by C", "ddb err A", "sockets drop *"] {
        let drawn = text.lines().find(|line| line.contains(lane)).unwrap();
        assert!(drawn.contains(['█', '▒', '~']), "{text}");
    }
}

#[test]
fn of_too_many_sentences_verdicts_go_first_and_the_rest_is_counted() {
    let mut picture = picture();
    let (vote, verdict) = (picture.events[3].clone(), picture.events[2].clone());
    picture.events = [vec![verdict; 70], vec![vote; 70]].concat();
    let text = timeline(&picture, 100, Look::PLAIN);
    assert!(!text.contains("finds"), "{text}");
    assert!(text.ends_with("and 80 more; --output json has them all"), "{text}");
}

#[test]
fn the_picture_is_well_formed_and_carries_nothing_foreign() {
    let drawn = svg(&picture());
    assert!(drawn.starts_with("<svg ") && drawn.ends_with("</svg>\n"));
    assert!(drawn.contains("half an hour &amp; nobody knows &lt;why&gt;"), "{drawn}");
    for foreign in ["<script", "href", "@import", "url(", "onload"] {
        assert!(!drawn.contains(foreign), "{foreign} in {drawn}");
    }
    for (open, close) in [("<text", "</text>"), ("<title", "</title>")] {
        assert_eq!(drawn.matches(open).count(), drawn.matches(close).count());
    }
    assert!(drawn.contains("prefers-color-scheme:dark"));
    for told in ["votes eject on us-east-1: table failed", "ddb err=1 in A", "on A by B: unhealthy, 0:05:31 to 0:45:03"] {
        assert!(drawn.contains(told), "{told} is not in {drawn}");
    }
}

#[test]
fn within_three_runs_every_axis_shows_each_of_its_values() {
    let incident = incident();
    let plain = Draw::new(&incident, 1, 0);
    assert_eq!((plain.level, plain.jitter, plain.headroom), (1.0, false, 1.5));
    for first in [1, 4, 7] {
        let runs: Vec<Draw> = (first..first + 3).map(|run| Draw::new(&incident, 1, run)).collect();
        let distinct = |of: &dyn Fn(&Draw) -> String| runs.iter().map(of).collect::<std::collections::BTreeSet<_>>().len();
        assert_eq!(distinct(&|draw| draw.level.to_string()), 3, "{runs:?}");
        assert_eq!(distinct(&|draw| draw.headroom.to_string()), 3, "{runs:?}");
        assert_eq!(distinct(&|draw| draw.regions[0].to_string()), 3, "{runs:?}");
        assert_eq!(distinct(&|draw| format!("{:?}", draw.shares)), 3, "{runs:?}");
        assert!(runs.iter().all(|draw| (draw.shares.iter().sum::<f64>() - 1.0).abs() < 1e-9));
    }
    let seeds: std::collections::BTreeSet<u64> = (0..50).map(|run| Draw::new(&incident, 1, run).run_seed).collect();
    assert_eq!(seeds.len(), 50, "two runs share a seed");
    assert_ne!(Draw::new(&incident, 1, 3), Draw::new(&incident, 2, 3));
}

#[test]
fn runs_are_named_or_counted_and_never_both() {
    use clap::Parser;
    let refused = |words: &[&str]| Cli::try_parse_from(["failover", "replay"].iter().chain(words)).is_err();
    assert!(refused(&["--runs", "0"]) && refused(&["--runs", "1001"]) && refused(&["--runs", "5", "--run", "2"]));
    assert!(refused(&["--alone", "--against", "talk"]) && refused(&["--against", "nobody"]) && refused(&["--jobs", "0"]));
    assert_eq!(args(&["--against", "none,talk"]).against, [Against::None, Against::Talk]);
    assert_eq!(args(&[]).against, Against::ALL);
}

/// Three incidents of a campaign that was to have so many: in one of them a promise is broken.
fn campaign(of: u32, found: bool) -> Told {
    let what = ["minute 12.00: eu-west-2 is ejected while all fail alike", "second", "third", "fourth"].map(str::to_owned);
    let findings = if found { vec![Finding { seed: 8, incident: incident(), what: what.to_vec() }] } else { vec![] };
    let kept =
        findings.iter().map(|_| ("random-8.toml".to_owned(), "failover replay random-8.toml --seed 8 --timeline".to_owned())).collect();
    let outcome = Outcome {
        incidents: 2000,
        hours: 100_000.0,
        coasted_hours: 90_000.0,
        ejections: 5321,
        wrong_ejects: 12,
        minutes_nothing_served: 273.04,
        found: findings.len(),
        findings,
    };
    Told { outcome, seed: 7, of, took: Duration::from_secs(200), kept }
}

#[test]
fn a_campaign_without_a_finding() {
    let told = campaign(2000, false);
    assert_eq!(told.exit_code(), 0);
    insta::assert_snapshot!(told.text(Look::PLAIN), @"
    2,000 random incidents, seeds from 7 on: 100,000 hours in 3m 20s

      ejections            5,321
      wrong ejects            12  of regions that did not hurt their users: to be expected where only probes fail
      nothing answered       273  minutes, or a last resort: to be expected where no controller can be reached

    ✓ no promise is broken
    ");
}

#[test]
fn a_campaign_with_a_finding_that_was_broken_off() {
    let told = campaign(1_000_000, true);
    assert_eq!((told.exit_code(), campaign(1_000_000, false).exit_code()), (1, 130));
    insta::assert_snapshot!(told.text(Look::PLAIN), @"
    broken off after 2,000 of 1,000,000 random incidents, seeds from 7 on: 100,000 hours in 3m 20s

      ejections            5,321
      wrong ejects            12  of regions that did not hurt their users: to be expected where only probes fail
      nothing answered       273  minutes, or a last resort: to be expected where no controller can be reached

    ✗ 1 incident in which a promise is broken

    seed 8
      minute 12.00: eu-west-2 is ejected while all fail alike
      second
      third
      and 1 more
      failover replay random-8.toml --seed 8 --timeline
    ");
    insta::assert_snapshot!(serde_json::to_string(&told.json()).unwrap(), @r#"{"coasted_hours":90000.0,"command":"replay","ejections":5321,"findings":[{"file":"random-8.toml","replay":"failover replay random-8.toml --seed 8 --timeline","seed":8,"what":["minute 12.00: eu-west-2 is ejected while all fail alike","second","third","fourth"]}],"hours":100000.0,"incidents":2000,"minutes_nothing_served":273.0,"of":1000000,"ok":false,"seconds":200.0,"seed":7,"violations":1,"wrong_ejects":12}"#);
}

#[test]
fn the_line_of_a_campaign_under_way() {
    let sofar = Sofar { done: 1500, of: 2000, hours: 75_000.0, found: 0 };
    insta::assert_snapshot!(progress(sofar, Duration::from_secs(150)), @"1,500 of 2,000 incidents, 75,000 hours, 500 hours a second; no promise broken; 50s left");
}
