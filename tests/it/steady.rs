//! A world comes up by itself: every observer sees every region healthy, and every place is answered with its own region.

use std::time::Duration;

use decision::{RegionName, Vote};
use world::event::Event;
use world::fault::Component;
use world::speed::Speed;
use world::{Options, World};

fn region(name: &str) -> RegionName {
    RegionName::new(name).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_regions_come_up_and_one_whose_websocket_breaks_is_ejected_and_returns() {
    let world = World::start(Options { speed: Speed::new(10.0).unwrap(), ..Options::three_regions() }).await.unwrap();
    let steady = world.until_steady(Duration::from_secs(60)).await;
    assert!(steady, "{:#?}", world.why_not_steady_now().await);

    let london = region("eu-west-2");
    assert!(world.until_user_at("London", &london, Duration::from_secs(30)).await);
    let mut heard = world.events().listen();
    world.switch(&london, Component::Websocket, true);
    let ejected = async {
        loop {
            let told = heard.recv().await.unwrap();
            if matches!(&told.event, Event::Majority { region, vote: Vote::Eject, .. } if *region == london) {
                return;
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(30), ejected).await.expect("ejected");
    assert!(world.until_user_at("London", &region("eu-west-1"), Duration::from_secs(60)).await);
    world.switch(&london, Component::Websocket, false);
    assert!(world.until_steady(Duration::from_secs(90)).await, "{:#?}", world.why_not_steady_now().await);
    let delivered = world.messages_settled(Duration::from_secs(30)).await;
    assert!(delivered.is_fine(), "{delivered}");
}
