//! What the API takes and gives, as OpenAPI 3.1. The shapes are those of `model`, read off the types.

use std::sync::LazyLock;

use axum::response::{IntoResponse, Response};
use http::header;
use schemars::generate::{Contract, SchemaSettings};
use serde_json::{Map, Value, json};

use crate::guard::Person;
use crate::model::{Act, LogPage, Outcome, Overview, Preview, Progress, RegionPage};

static DOCUMENT: LazyLock<String> = LazyLock::new(|| document().to_string());

pub(super) async fn get(_: Person) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], DOCUMENT.as_str()).into_response()
}

/// Writes a shape down.
type Describe = fn() -> Value;

/// The shapes that no type of `model` gives.
const OWN: [(&str, Describe); 4] = [("Trouble", problem), ("Session", session), ("Status", status), ("Wish", fields)];

fn document() -> Value {
    let settings = SchemaSettings::draft2020_12().with(|settings| {
        "/components/schemas".clone_into(settings.definitions_path.to_mut());
        settings.meta_schema = None;
        settings.contract = Contract::Serialize;
    });
    let mut shapes = settings.into_generator();
    let (overview, region, progress) =
        (shapes.subschema_for::<Overview>(), shapes.subschema_for::<RegionPage>(), shapes.subschema_for::<Progress>());
    let (preview, outcome, log) = (shapes.subschema_for::<Preview>(), shapes.subschema_for::<Outcome>(), shapes.subschema_for::<LogPage>());
    let mut schemas = shapes.take_definitions(true);
    for (name, shape) in OWN {
        schemas.insert(name.to_owned(), shape());
    }

    let read = |summary: &str, id: &str, parameters: Value, gives: Value, named: bool| json!({ "get": { "summary": summary, "operationId": id, "parameters": parameters, "responses": responses(&gives, named) } });
    let shape = |name: &str| json!({ "$ref": format!("#/components/schemas/{name}") });
    let plain = |schema: schemars::Schema| schema.to_value();
    let region_parameter = json!({
        "name": "region", "in": "path", "required": true, "description": "The region's name.",
        "schema": { "type": "string", "pattern": "^[a-z0-9-]{1,24}$" }
    });
    let query = |name: &str, about: &str| json!({ "name": name, "in": "query", "description": about, "schema": { "type": "string" } });
    let mut paths = Map::new();
    let mut add = |path: &str, item: Value| paths.insert(path.to_owned(), item);
    add("/api/v1/session", read("Who is signed in, and what writes must carry", "session", json!([]), shape("Session"), false));
    add("/api/v1/status", read("The service as `failover status --output json` prints it", "status", json!([]), shape("Status"), false));
    add("/api/v1/overview", read("The first screen", "overview", json!([]), plain(overview), false));
    let filters = json!([
        query("region", "One region; everything where it is empty."),
        query("since", "How far back: `24h`, `7d`."),
        query("text", "Text that stands in who, what or why."),
        query("what", "`people`, `votes`, `refusals`; everything where it is empty."),
    ]);
    add("/api/v1/log", read("Who did what, when and why, refusals included", "log", filters, plain(log), false));
    let at = json!([region_parameter, query("at", "A moment of the past as people write it: `03:21:40`, `2026-11-23T03:21:40Z`, `-15m`.")]);
    add("/api/v1/regions/{region}", read("One region in depth, now or at a moment of the past", "region", at, plain(region), true));
    add(
        "/api/v1/regions/{region}/progress",
        read("How far the newest drain or hold has come", "progress", json!([region_parameter]), plain(progress), true),
    );
    for act in Act::ALL {
        let word = act.as_str();
        let filled = json!([
            region_parameter,
            query("reason", "Why."),
            query("ticket", "The ticket."),
            query("for", "How long: `4h`, `2h30m`; at most `72h`."),
        ]);
        let mut item = read(
            &format!("What a {word} would do; with the fields to send"),
            &format!("preview-{word}"),
            filled,
            plain(preview.clone()),
            true,
        );
        item["post"] = json!({
            "summary": about(act),
            "operationId": word,
            "parameters": [region_parameter],
            "security": [{ "session": [], "csrf": [] }, { "proxy": [], "csrf": [] }],
            "requestBody": { "required": true, "content": { "application/json": { "schema": shape("Wish") } } },
            "responses": outcomes(&plain(outcome.clone())),
        });
        add(&format!("/api/v1/regions/{{region}}/{word}"), item);
    }
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "failover dashboard",
            "version": "1",
            "description": "What a service's observers and DNS say of it, and the drains, holds and resumes of people. Times are RFC 3339 in UTC. Fields may be added, never renamed.",
            "license": { "name": "Apache-2.0", "identifier": "Apache-2.0" },
        },
        "security": [{ "session": [] }, { "proxy": [] }],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {
                "session": { "type": "apiKey", "in": "cookie", "name": "failover-PORT", "description": "On loopback, with the port of the address: set by the sign-in link." },
                "proxy": { "type": "http", "scheme": "bearer", "description": "Behind a sign-in proxy: its signed token, in the header that it is configured with." },
                "csrf": { "type": "apiKey", "in": "header", "name": "x-csrf-token", "description": "What `/api/v1/session` says." },
            },
        },
    })
}

fn about(act: Act) -> &'static str {
    match act {
        Act::Drain => "Send no new users there, until an end",
        Act::Resume => "End what stands, or release a manual failback",
        Act::Extend => "Move the end of what stands, never to an earlier time",
        Act::Hold => "Freeze automation, until an end",
    }
}

fn content(schema: &Value, about: &str) -> Value {
    json!({ "description": about, "content": { "application/json": { "schema": schema } } })
}

fn responses(gives: &Value, named: bool) -> Value {
    let problem = json!({ "$ref": "#/components/schemas/Trouble" });
    let mut all = Map::new();
    all.insert("200".to_owned(), content(gives, "As it is."));
    for (status, about) in [
        ("400", "A parameter cannot be read, or the request is none."),
        ("401", "Nobody is signed in."),
        ("403", "Another site asks, or nobody of these groups may look."),
        ("405", "Not with this method."),
        ("414", "The address is too long."),
        ("421", "Not under this name."),
        ("504", "No answer in time."),
    ] {
        all.insert(status.to_owned(), content(&problem, about));
    }
    if named {
        all.insert("404".to_owned(), content(&problem, "There is no such region, or nothing of it."));
    }
    Value::Object(all)
}

fn outcomes(outcome: &Value) -> Value {
    let Value::Object(mut all) = responses(outcome, true) else { return Value::Null };
    let problem = json!({ "$ref": "#/components/schemas/Trouble" });
    let either = json!({ "anyOf": [outcome, problem] });
    all.insert("200".to_owned(), content(outcome, "It stands at a majority of observers."));
    all.insert("409".to_owned(), content(outcome, "The world is not what was seen, or a rule refuses. Nothing was changed."));
    all.insert("422".to_owned(), content(&either, "A field cannot be. Nothing was changed."));
    all.insert("503".to_owned(), content(outcome, "It is not known to stand: `kind` says whether anything was changed."));
    for (status, about) in [("408", "The body did not come."), ("413", "The body is too long."), ("415", "The body is no JSON.")] {
        all.insert(status.to_owned(), content(&problem, about));
    }
    Value::Object(all)
}

fn problem() -> Value {
    json!({
        "type": "object",
        "required": ["error", "hint"],
        "properties": { "error": { "type": "string" }, "hint": { "type": "string" } },
    })
}

fn session() -> Value {
    json!({
        "type": "object",
        "required": ["actor", "role", "csrf"],
        "properties": {
            "actor": { "type": "string" },
            "role": { "enum": ["viewer", "operator"] },
            "csrf": { "type": "string", "description": "What writes carry in the header `x-csrf-token`." },
        },
    })
}

fn status() -> Value {
    json!({
        "type": "object",
        "description": "What `failover status --output json` prints, and how old it is.",
        "required": ["service", "at", "serving", "all_serving", "regions", "observers", "warnings", "live"],
        "properties": {
            "service": { "type": "string" },
            "at": { "type": "string", "format": "date-time" },
            "serving": { "type": "integer", "minimum": 0 },
            "all_serving": { "type": "boolean" },
            "regions": { "type": "array", "items": { "type": "object", "required": ["region", "answers", "verdict", "votes"] } },
            "observers": { "type": "array", "items": { "type": "object", "required": ["observer", "heard"] } },
            "warnings": { "type": "array", "items": { "type": "object", "required": ["kind", "text"] } },
            "live": { "type": "object", "required": ["state", "text"] },
        },
    })
}

fn fields() -> Value {
    let text = |about: &str, max: usize| json!({ "type": "string", "maxLength": max, "description": about });
    json!({
        "type": "object",
        "required": ["generation", "key"],
        "properties": {
            "reason": text("Why. Needed for drain and hold.", decision::REASON_MAX),
            "ticket": text("The ticket, or empty.", decision::TICKET_MAX),
            "for": { "type": "string", "description": "How long: `4h`, `2h30m`; at most `72h`. Needed for drain, extend and hold." },
            "confirm": { "type": "string", "description": "The region's name once more, where the preview says `needs_name`." },
            "generation": { "type": "string", "description": "The generation of the region's newest document as the preview said it." },
            "seen": { "type": "string", "description": "What the preview said was seen of all regions; not looked into where it is empty." },
            "key": { "type": "string", "pattern": "^[a-z0-9-]{1,32}$", "description": "Sending it twice is the same as once." },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every `$ref` in it.
    fn references<'a>(value: &'a Value, found: &mut Vec<&'a str>) {
        match value {
            Value::Object(object) => {
                found.extend(object.get("$ref").and_then(Value::as_str));
                object.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|item| references(item, found)),
            _ => {}
        }
    }

    #[test]
    fn every_shape_that_is_named_is_described() {
        let document = document();
        let mut found = vec![];
        references(&document, &mut found);
        assert!(found.len() > 30, "{}", found.len());
        for name in found {
            let pointer = name.strip_prefix('#').unwrap();
            assert!(document.pointer(pointer).is_some(), "{name}");
        }
    }

    #[test]
    fn no_shape_hides_another() {
        let mut shapes = SchemaSettings::draft2020_12().into_generator();
        let pages = [shapes.subschema_for::<Overview>(), shapes.subschema_for::<RegionPage>(), shapes.subschema_for::<Progress>()];
        let acts = [shapes.subschema_for::<Preview>(), shapes.subschema_for::<Outcome>(), shapes.subschema_for::<LogPage>()];
        assert!(pages.iter().chain(&acts).all(|shape| shape.get("$ref").is_some()), "each has a name");
        let read_off = shapes.take_definitions(true);
        assert!(read_off.contains_key("Act"), "the act's own word");
        let hidden: Vec<&str> = OWN.iter().map(|(name, _)| *name).filter(|name| read_off.contains_key(*name)).collect();
        assert_eq!(hidden, Vec::<&str>::new());
    }

    #[test]
    fn every_operation_has_a_name_of_its_own() {
        let document = document();
        let paths = document["paths"].as_object().unwrap();
        let mut names: Vec<&str> =
            paths.values().flat_map(|item| item.as_object().unwrap().values()).map(|of| of["operationId"].as_str().unwrap()).collect();
        let all = names.len();
        names.sort_unstable();
        names.dedup();
        assert_eq!((names.len(), all), (14, 14));
    }
}
