//! The first words of a demo: where everything is, and what to try.
//!
//! Words only.

use serde::Serialize;
use world::World;

use crate::args::DemoArgs;
use crate::failure::Failure;
use crate::out::Out;

/// Where everything is.
#[derive(Debug, Clone, Serialize)]
pub(super) struct Addresses {
    event: &'static str,
    speed: f64,
    state: String,
    dns: String,
    api: String,
    websocket: String,
    port: u16,
    admin: String,
    dashboard: Dashboard,
    pages: Vec<Page>,
    aws: Vec<Endpoint>,
}

#[derive(Debug, Clone, Serialize)]
struct Dashboard {
    url: String,
    /// Works once, within 15 minutes.
    link: String,
}

#[derive(Debug, Clone, Serialize)]
struct Page {
    place: String,
    subnet: String,
    url: String,
}

#[derive(Debug, Clone, Serialize)]
struct Endpoint {
    region: String,
    address: String,
    endpoint: String,
    gate: String,
}

/// Says where everything is and what to try.
pub(super) fn announce(world: &World, args: &DemoArgs, page: &super::page::Page, out: &Out) -> Result<(), Failure> {
    let addresses = addresses(world, args, page);
    if out.is_json() { out.json(&addresses) } else { out.data(&text(&addresses, &program())) }
}

fn addresses(world: &World, args: &DemoArgs, page: &super::page::Page) -> Addresses {
    let people = world.people().iter();
    let regions = world.regions().iter();
    Addresses {
        event: "up",
        speed: world.speed().factor(),
        state: args.state.display().to_string(),
        dns: world.dns().to_string(),
        api: world.names().rest,
        websocket: world.names().websocket,
        port: world.port(),
        admin: format!("http://{}", world.admin()),
        dashboard: Dashboard { url: page.url().to_owned(), link: page.link() },
        pages: people.map(|person| Page { place: person.place().to_owned(), subnet: person.subnet(), url: person.page() }).collect(),
        aws: regions
            .map(|info| Endpoint {
                region: info.region.to_string(),
                address: info.ip.to_string(),
                endpoint: info.aws.clone(),
                gate: info.gate.clone(),
            })
            .collect(),
    }
}

/// How this program was called, so that what is printed can be pasted.
fn program() -> String {
    std::env::args().next().unwrap_or_else(|| "failover".to_owned())
}

fn text(at: &Addresses, program: &str) -> String {
    use std::fmt::Write as _;
    let mut text = String::new();
    let mut line = |what: &str, value: &str| {
        let _ = writeln!(text, "{what:<14} {value}");
    };
    line("chat", &format!("{} regions on this machine, clock at {}x, Ctrl-C ends it", at.aws.len(), at.speed));
    line("dashboard", &format!("{}  (opens once; failover dashboard prints another)", at.dashboard.link));
    for page in &at.pages {
        line("page", &format!("{}  a user in {} ({})", page.url, page.place, page.subnet));
    }
    for region in &at.aws {
        line(&region.region, &format!("chat {}:{}   aws {}   gate {}", region.address, at.port, region.endpoint, region.gate));
    }
    let (host, port) = at.dns.rsplit_once(':').unwrap_or((&at.dns, "53"));
    line("", "");
    if let Some(page) = at.pages.first() {
        line("answers", &format!("dig @{host} -p {port} {} +subnet={}", at.api, page.subnet));
    }
    if let Some(region) = at.aws.first() {
        let aws = format!("AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --region {} --endpoint-url {}", region.region, region.endpoint);
        line("documents", &format!("{aws} ssm get-parameters-by-path --path /failover/chat --recursive"));
    }
    let config = if at.state == ".failover" { String::new() } else { format!(" --config {}/failover.toml", at.state) };
    let victim = at.aws.get(1).map_or("eu-west-2", |region| region.region.as_str());
    line("try", &format!("{program} status{config}"));
    for command in [
        format!("fault {victim} websocket on"),
        format!("explain {victim}"),
        "heal".to_owned(),
        format!("drain {victim} --reason \"practice\" --confirm {victim}"),
        format!("resume {victim} --yes"),
    ] {
        line("", &format!("{program} {command}{config}"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_can_be_pasted() {
        let region = |name: &str, third: u8| Endpoint {
            region: name.to_owned(),
            address: format!("127.0.{third}.1"),
            endpoint: format!("http://127.0.{third}.1:4566"),
            gate: format!("http://127.0.{third}.1:4577"),
        };
        let addresses = Addresses {
            event: "up",
            speed: 1.0,
            state: ".failover".into(),
            dns: "127.0.0.1:5300".into(),
            api: "api.chat.test".into(),
            websocket: "api-ws.chat.test".into(),
            port: 8080,
            admin: "http://127.0.0.1:9000".into(),
            dashboard: Dashboard { url: "http://127.0.0.1:8053".into(), link: "http://127.0.0.1:8053/sign-in?link=x".into() },
            pages: vec![Page { place: "London".into(), subnet: "81.2.69.0/24".into(), url: "http://127.0.0.1:8000/".into() }],
            aws: vec![region("eu-west-1", 10), region("eu-west-2", 11)],
        };
        insta::assert_snapshot!(text(&addresses, "failover"), @r#"
        chat           2 regions on this machine, clock at 1x, Ctrl-C ends it
        dashboard      http://127.0.0.1:8053/sign-in?link=x  (opens once; failover dashboard prints another)
        page           http://127.0.0.1:8000/  a user in London (81.2.69.0/24)
        eu-west-1      chat 127.0.10.1:8080   aws http://127.0.10.1:4566   gate http://127.0.10.1:4577
        eu-west-2      chat 127.0.11.1:8080   aws http://127.0.11.1:4566   gate http://127.0.11.1:4577
                       
        answers        dig @127.0.0.1 -p 5300 api.chat.test +subnet=81.2.69.0/24
        documents      AWS_ACCESS_KEY_ID=x AWS_SECRET_ACCESS_KEY=x aws --region eu-west-1 --endpoint-url http://127.0.10.1:4566 ssm get-parameters-by-path --path /failover/chat --recursive
        try            failover status
                       failover fault eu-west-2 websocket on
                       failover explain eu-west-2
                       failover heal
                       failover drain eu-west-2 --reason "practice" --confirm eu-west-2
                       failover resume eu-west-2 --yes
        "#);
    }
}
