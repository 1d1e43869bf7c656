//! `failover demo`: brings the world up, says where everything is, then tells what happens as it happens.
//!
//! The world itself is the crate `world`; this is its voice.

mod announce;
mod folder;
mod hearing;
mod operator;
mod page;
mod scores;
mod story;

use std::collections::BTreeSet;
use std::time::Duration;

use decision::RegionName;
use store::in_one_line;
use tokio::sync::broadcast::error::RecvError;
use world::event::Told;
use world::speed::Speed;
use world::{Options, World};

use self::folder::Folder;
use self::hearing::Hearing;
use self::story::Story;
use crate::args::DemoArgs;
use crate::failure::{Failure, list};
use crate::moment;
use crate::out::Out;

/// How often users say something when nobody plays a story, on the world's clock.
const CHATTER: Duration = Duration::from_secs(15);
/// How often they do in the story: it proves that nothing they say is lost.
const STORY_CHATTER: Duration = Duration::from_secs(2);
/// Where the story takes place: its steps break these by name.
const STORY_REGIONS: [&str; 3] = ["eu-west-1", "eu-west-2", "us-west-2"];

/// Runs the demo until Ctrl-C or until nobody reads it any more, or to the end of the story.
pub(crate) async fn run(args: &DemoArgs, out: &Out) -> Result<(), Failure> {
    let out = &Out { format: if args.json { crate::args::Format::Json } else { out.format }, ..out.clone() };
    let speed = Speed::new(args.speed).map_err(|error| Failure::usage(error.to_string()))?;
    check_regions(args)?;
    let folder = Folder::take(&args.state)?;
    out.note("bringing up the world…");
    let options = Options {
        regions: args.regions.clone(),
        speed,
        state: Some(folder.path().to_owned()),
        port: args.port,
        dns_port: args.dns_port,
        talk_every: Some(if args.story { STORY_CHATTER } else { CHATTER }),
        ..Options::three_regions()
    };
    let world =
        World::start(options).await.map_err(|error| Failure::failed(format!("the world did not come up: {}", in_one_line(&error))))?;
    folder.write_config(&world)?;
    let page = page::Page::open(&folder, args).await?;
    announce::announce(&world, args, &page, out)?;
    let page = page.serve();
    let telling = tell(world.events().listen(), out);
    if args.story {
        tokio::select! {
            result = play(&world, &folder, out) => result,
            result = telling => result.and(Err(Failure::failed("the story was broken off: the world fell silent"))),
            () = out.reader_gone() => Err(Failure::failed("the story was broken off: nobody reads it any more")),
            () = interrupted() => Err(Failure::Interrupted { stands: "the story was broken off; the world is gone".to_owned() }),
        }
    } else {
        tokio::select! {
            result = telling => result?,
            () = out.reader_gone() => return Ok(()),
            () = interrupted() => {}
        }
        page.close().await;
        out.note("the world is gone; what operators asked for stays in the state folder");
        Ok(())
    }
}

/// Refuses regions that no world can have, or that the story cannot be played in.
fn check_regions(args: &DemoArgs) -> Result<(), Failure> {
    let distinct: BTreeSet<&str> = args.regions.iter().map(RegionName::as_str).collect();
    if distinct.len() != args.regions.len() {
        return Err(Failure::usage(format!("--regions names a region more than once: {}", list(&args.regions))));
    }
    if args.story && distinct != BTreeSet::from(STORY_REGIONS) {
        return Err(Failure::Usage {
            message: format!(
                "the story is written for the regions {} and cannot be played in {}",
                STORY_REGIONS.join(", "),
                list(&args.regions)
            ),
            hint: Some("leave out --regions, or play without --story".to_owned()),
        });
    }
    Ok(())
}

async fn play(world: &World, folder: &Folder, out: &Out) -> Result<(), Failure> {
    let tell = |what: &str| {
        if out.is_json() {
            let _ = out.json(&serde_json::json!({ "event": "story", "at": jiff::Timestamp::now(), "what": what }));
        } else {
            let _ = out.data(&format!("\n{}  story      {what}", moment::time_of_day(jiff::Timestamp::now())));
        }
    };
    let hearing = Hearing::new(world.events().listen());
    let mut story = Story { world, hearing, config: folder.config(), tell: &tell };
    let scores = story.play().await;
    let missed = story.hearing.missed();
    if out.is_json() {
        out.json(&serde_json::json!({ "event": "story-ends", "speed": world.speed().factor(), "steps": scores }))?;
    } else {
        out.data(&format!("\n{}\n", scores::table(&scores)))?;
        if (world.speed().factor() - 1.0).abs() > f64::EPSILON {
            out.note(&format!("seconds are those of the world's clock, which ran {} times as fast", world.speed().factor()));
        }
    }
    let wrong = scores.iter().filter(|score| !score.wrong.is_empty()).count();
    match (wrong, missed) {
        (0, 0) => Ok(()),
        (0, missed) => Err(Failure::failed(format!("{missed} events were told faster than they were heard; the story proves nothing"))),
        (wrong, _) => Err(Failure::failed(format!("{wrong} of {} steps did not go as they must", scores.len()))),
    }
}

/// Tells every event as it comes, until there will be no more.
async fn tell(mut heard: tokio::sync::broadcast::Receiver<Told>, out: &Out) -> Result<(), Failure> {
    loop {
        let told = match heard.recv().await {
            Ok(told) => told,
            Err(RecvError::Lagged(missed)) => {
                out.note(&format!("{missed} events went by too fast to be told"));
                continue;
            }
            Err(RecvError::Closed) => return Ok(()),
        };
        if out.is_json() { out.json(&told)? } else { out.data(&format!("{}  {}", moment::time_of_day(told.at), told.event))? }
    }
}

/// Ends with Ctrl-C, or when the system asks the process to end.
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match signal(SignalKind::terminate()) {
        Ok(mut terminated) => tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            _ = terminated.recv() => {}
        },
        Err(_) => {
            let _ = tokio::signal::ctrl_c().await;
        }
    }
}
