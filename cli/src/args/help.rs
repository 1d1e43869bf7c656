//! The prose of `--help`: what the tool is for, examples, exit codes.

/// Over `failover --help`.
pub(crate) const LONG_ABOUT: &str = "\
Health checks and failover for serverless services that run in several AWS regions.

Observers in every region probe the service as its users use it. Each observer's controller votes `serve` or `eject` for every region; Route 53 \
counts the votes and answers accordingly. This command shows what they see and lets a person take a region out: a drain has a reason and an end, and \
automation never undoes it.

It talks to the SSM parameters of every observer with your own AWS credentials, and needs none of the service's own functions to be alive. A majority \
of observers is enough, to read and to write.";

/// Under `failover --help`.
pub(crate) const EXIT_CODES: &str = "\
Exit codes:
  0    done, or there already                                            changed: yes, or no need
  1    failed                                                            changed: no
  2    bad usage or configuration, or confirmation missing               changed: no
  3    refused by a safety rule, which is named                          changed: no
  4    no credentials, or not allowed                                    changed: no
  5    recorded, but the stage was not seen before --timeout             changed: yes, it stands
  6    unknown: no clear answer, or done in part; see `failover status`  changed: perhaps
  7    someone else moved first; shows who and what                      changed: no
  130  Ctrl-C while watching                                             changed: yes, it stands
`status --check`, `probe` and `doctor` exit with 1 when something is not as it should be.

Environment:
  FAILOVER_CONFIG, FAILOVER_OUTPUT, FAILOVER_PROFILE, FAILOVER_NO_INPUT    as the flags of those names
  FAILOVER_ACTOR           who you are in drains and in the log; else the user of this machine
  FAILOVER_PROBE_SECRET    the secret for `failover probe`, rather than in a file
  NO_COLOR, CLICOLOR_FORCE
  AWS_PROFILE and all else that the AWS SDK reads

Examples:
  failover demo                                   three regions on this machine, to try everything on
  failover status                                 what users get now
  failover drain eu-west-2 --reason \"slow\"        take a region out: preview, confirm, watch it happen
  failover explain eu-west-2                      why a region is in or out
  failover log --since 2d                         who did what";

/// Under `failover status --help`.
pub(crate) const STATUS: &str = "\
A region is `serving` while no majority of observers votes to eject it, `ejected` by their own judgement, `drained` when a person asked for it, \
`unknown` when too few observers can be read to say.

Examples:
  failover status
  failover status --watch
  failover status --check && echo every region serves
  failover status --output json | jq -r '.regions[] | select(.answers != \"serving\") | .region'";

/// Under `failover drain --help`.
pub(crate) const DRAIN: &str = "\
Stages, one line each: `recorded` (a majority of observers holds it), `health` (a majority of votes has turned), `answers` (DNS, asked as from \
several places, no longer names the region). Clients that are already connected stay until they reconnect.

You type the region's name to confirm; in a script --confirm REGION does it. A safety rule may refuse: then nothing is changed, the rule is named, \
and so is the way past it. At its end the region returns through its failback gates, never by the clock alone.

Examples:
  failover drain eu-west-2 --reason \"p99 over 3 s after deploy 4471\" --ticket OPS-918
  failover drain eu-west-2 --reason practice --for 30m --confirm eu-west-2
  failover drain eu-west-2 --reason practice --dry-run
  failover drain eu-west-1 --reason worse --override last-region --for 15m --confirm eu-west-1";

/// Under `failover resume --help`.
pub(crate) const RESUME: &str = "\
Ends a drain or hold before its time. The region comes back when its gates let it: clean rounds, and the hold-down if it was ejected.

Examples:
  failover resume eu-west-2
  failover resume eu-west-2 --yes --wait answers
  failover resume eu-west-2 --confirm eu-west-2      also while it does not look healthy";

/// Under `failover hold --help`.
pub(crate) const HOLD: &str = "\
While a hold stands, automation keeps the region's votes as they are. A drain still works. `failover resume REGION` ends it.

Without REGION one region after another is held. When that fails half-way, what is held already stays held and is named, with exit code 6; the same \
command again holds the rest.

Examples:
  failover hold --reason \"network maintenance\" --for 2h
  failover hold us-east-1 --reason \"rolling out the new probe\" --yes";

/// Under `failover extend --help`.
pub(crate) const EXTEND: &str = "\
The new end is counted from now. If it stands longer than that already, nothing is changed.

Examples:
  failover extend eu-west-2 --for 2h
  failover extend eu-west-2 --for 12h --reason \"waiting for the vendor\"";

/// Under `failover explain --help`.
pub(crate) const EXPLAIN: &str = "\
In the memory of an observer each round is one character, newest last: `.` clean, `~` degraded, `x` when nothing of it worked, and for any other \
failed one the first critical check that failed: `r` rest, `w` websocket, `d` delivery, `t` table; a capital when the retry passed.

With --at it tells what stood in SSM then, by SSM's own clock: of every document the version that a read would have returned. A time without a zone is \
UTC; a time of day is the last one. `decided` and `round` are by the clocks of controller and probe, `stored` is by SSM's.

SSM keeps 100 versions. Votes and rounds are written all the time, so they reach back about a quarter of an hour while all is well and some minutes in \
trouble. Beyond that it tells of turns: votes and rounds that were kept because a vote moved, a person or a rule had a say, or, at most every quarter of an \
hour, a verdict changed. They reach back for days, and `turn` says which one it is and when the next one was. What people asked for reaches back for \
months. What is forgotten is said to be; when nothing is left, the exit code is 1 and the reach of every observer is named.

With --replay nothing is asked of any service: the incident is replayed up to the minute --at, a number, and what its observers had stored then is \
told in the same words. A, B and C are the roles of the incident.

Examples:
  failover explain eu-west-2
  failover explain eu-west-2 --at 03:21:40
  failover explain eu-west-2 --at -15m
  failover explain eu-west-2 --at 2026-11-22T03:21:40Z      the night before
  failover explain eu-west-2 --output json
  failover explain A --replay incidents/D05.toml --at 12    in a replay, at its minute 12";

/// Under `failover dashboard --help`.
pub(crate) const DASHBOARD: &str = "\
It reads what the other commands read, with the same credentials, and keeps nothing. Its link works once, within 15 minutes; Enter prints another. Who \
has opened it acts as you (FAILOVER_ACTOR), until twelve hours are over or four have passed without a request.

Beyond this machine it listens only behind a proxy that signs people in: [dashboard.proxy] in the configuration says whose tokens are taken, and which \
groups may write. A rule is never gone past from the page; drain --override does that.

Examples:
  failover dashboard --open
  failover dashboard --read-only --port 9000
  failover dashboard --listen 0.0.0.0 --host ops.example.com";

/// Under `failover log --help`.
pub(crate) const LOG: &str = "\
It is read from the histories that SSM keeps of every document, the last 100 versions, merged over all observers. What people did is all there: \
hardly anyone writes 100 intents for a region. Votes are written anew every round, so that those of an observer reach back about a quarter of an hour, and \
those that turned for days; when that is less far than --since, the log says how far.

Examples:
  failover log
  failover log eu-west-2 --since 2d
  failover log --output json | jq '.entries[] | select(.actor == \"ana\")'";

/// Under `failover probe --help`.
pub(crate) const PROBE: &str = "\
One round: a read that touches the table, a fresh WebSocket to every region, a message into each and its arrival at all, a write and strong read. \
Nothing is published, and users see none of it.

Examples:
  failover probe
  failover probe --output json";

/// Under `failover replay --help`.
pub(crate) const REPLAY: &str = "\
Each file is an incident: what broke, where, when, and what the right call is. A model of the chat service breaks the same way, in virtual time; \
observers probe it, the rules that ship decide, a model of Route 53 answers, and users feel it. The table gives minutes of failure of an average user homed \
in A, the impaired region, beside those of others who might have moved them.

With --runs N each incident is replayed N times, with levels ×0.5, ×1 and ×1.5, estimated times moved by up to a fifth, each region as A, 20, 50 or \
80 % of users at home there, and more or less room elsewhere. The table then shows medians and the worst.

With --random N there are no files: N incidents are drawn, seeds S, S+1, …, of everything that can fail, lie, crash or be asked for, several at once, in \
storms among hours of quiet. How users fare is no matter there; whether a promise is broken is: that somebody is answered, that silence ejects nobody, that \
automation never undoes a person, that a late writer loses, that all that fail alike stay. An incident in which one is broken is written to random-SEED.toml, \
with the line that replays it. Ctrl-C ends it early and tells what there is so far.

Exit code 1 when something happened that the incident forbids, or a promise was broken; 2 when a file is not as it must be.

Examples:
  failover replay                                           every incident in the folder incidents
  failover replay incidents/D05.toml --timeline             what happened in one, and why
  failover replay incidents/D05.toml --svg d05.svg          the same as a picture
  failover replay --runs 50 --alone                         how much hangs on estimates and chance
  failover replay --runs 50 --policy try.toml               another policy, on the same runs
  failover replay incidents/D05.toml --run 17 --timeline    one of those runs
  failover replay --random 2000                             100,000 hours of whatever can happen
  failover replay --random 1 --seed 23                      one of those incidents
  failover replay --output json | jq -r '.incidents[] | [.id, .by.failover.median.error_minutes.A] | @tsv'";

/// Under `failover doctor --help`.
pub(crate) const DOCTOR: &str = "\
It reads what is deployed and compares it with what failover.toml demands: both names' records and their checks, the thresholds and children of calculated \
checks, certificates, the gates' lines as they come here, SSM of every observer, the table's replicas and stream, the stacks and their template, what \
survivors could take, these credentials and this clock. One line per finding, with its fix; docs/doctor.md explains each.

It goes on after a failure, and what could not be read is `unknown`: neither good nor bad. Nothing is changed but one parameter per observer, \
intents/doctor/rehearsal, which is written once and means nothing: the same write later is refused because it is there, and denied if it were not \
allowed.

Exit code 0 also with warnings and unknowns, 1 with errors; with --strict 1 for any of them.

Examples:
  failover doctor
  failover doctor --pre                       before the first deployment
  failover doctor --offline                   in a build, without credentials
  failover doctor --strict --output json | jq -r '.findings[] | select(.severity != \"ok\") | .sentence'";

/// Under `failover init --help`.
pub(crate) const INIT: &str = "\
It asks CloudFormation in one region for the stack, learns from it which regions serve and which watch, asks all of those, checks that they agree, and \
writes the file with the SSM endpoint and the gate of every observer. From then on no command has to look anything up. Thresholds and capacity are not in \
the stacks: they are in the file as comments, with their defaults.

Nothing is changed on AWS. A file that is there already is left alone without --force.

Examples:
  failover init --from-stack chat
  failover init --from-stack chat --regions eu-west-2
  failover init --from-stack chat --owner-stack chat-owner --force
  failover init --from-stack chat --to - | less";

/// Under `failover demo --help`.
pub(crate) const DEMO: &str = "\
While it runs, the other commands find it by themselves in the same folder. State is kept in --state: end the process in mid-drain, start it again, \
and the drain stands.

Examples:
  failover demo
  failover demo --story --speed 10";

/// Under `failover fault --help`.
pub(crate) const FAULT: &str = "\
Examples:
  failover fault eu-west-2 websocket on      the WebSocket path breaks; REST and /health stay green
  failover fault eu-west-2 websocket off
  failover heal                              mends everything";

/// Under `failover completions --help`.
pub(crate) const COMPLETIONS: &str = "\
Examples:
  failover completions bash > ~/.local/share/bash-completion/completions/failover
  failover completions zsh > ~/.zfunc/_failover
  failover completions fish > ~/.config/fish/completions/failover.fish";
