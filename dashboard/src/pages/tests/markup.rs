//! What holds of the markup of every page: names for what can be pointed at, labels for what can be filled in, nothing that the content security policy
//! forbids.

use std::collections::BTreeSet;

use super::all;

/// A tag with its attributes, as a browser takes them apart.
#[derive(Debug)]
pub(super) struct Tag {
    pub(super) name: String,
    pub(super) attributes: Vec<(String, String)>,
}

impl Tag {
    pub(super) fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

/// The tags of a page. Enough of a parser for attributes in double quotes; anything else is a mistake of ours.
pub(super) fn parse(html: &str) -> Vec<Tag> {
    let (mut tags, mut rest) = (Vec::new(), html);
    while let Some((text, after)) = rest.split_once('<') {
        assert!(!text.contains('>'), "a bracket by itself: {text}");
        let mut end = 0;
        let mut quoted = false;
        for (index, letter) in after.char_indices() {
            match letter {
                '"' => quoted = !quoted,
                '>' if !quoted => {
                    end = index;
                    break;
                }
                _ => {}
            }
        }
        let (inside, behind) = (&after[..end], &after[end + 1..]);
        rest = behind;
        let (name, mut given) = inside.split_once(char::is_whitespace).unwrap_or((inside, ""));
        let mut attributes = Vec::new();
        while let Some(start) = given.find(|letter: char| !letter.is_whitespace() && letter != '/') {
            given = &given[start..];
            let length = given.find(|letter: char| letter.is_whitespace() || letter == '=').unwrap_or(given.len());
            let (key, behind) = given.split_at(length);
            match behind.strip_prefix("=\"") {
                Some(value) => {
                    let (value, behind) = value.split_once('"').expect("a value ends");
                    attributes.push((key.to_owned(), value.to_owned()));
                    given = behind;
                }
                None => {
                    attributes.push((key.trim_end_matches('/').to_owned(), String::new()));
                    given = behind;
                }
            }
        }
        tags.push(Tag { name: name.to_ascii_lowercase(), attributes });
    }
    tags
}

#[test]
fn every_page_is_well_formed_for_those_who_do_not_see_it() {
    for (name, html) in all() {
        let tags = parse(&html);
        let of = |tag: &str| tags.iter().filter(|found| found.name == tag).count();
        assert_eq!((of("main"), of("h1"), of("html"), of("title")), (1, 1, 1, 1), "{name}");
        let ids: Vec<&str> = tags.iter().filter_map(|tag| tag.get("id")).collect();
        let unique: BTreeSet<&str> = ids.iter().copied().collect();
        assert_eq!(ids.len(), unique.len(), "{name}: an id stands twice");
        for tag in &tags {
            for reference in ["aria-labelledby", "aria-describedby", "for", "popovertarget", "list"] {
                for id in tag.get(reference).into_iter().flat_map(str::split_whitespace) {
                    assert!(unique.contains(id), "{name}: {} names {id}, which is not there", tag.name);
                }
            }
            if let Some(to) = tag.get("href").and_then(|href| href.strip_prefix('#')).filter(|to| !to.starts_with("m-")) {
                assert!(unique.contains(to), "{name}: a link leads to {to}, which is not there");
            }
            assert!(tag.name != "th" || tag.get("scope").is_some(), "{name}: a heading of a table without a scope");
        }
        assert_eq!(of("table"), of("caption"), "{name}: a table without a caption");
        let labelled: BTreeSet<&str> = tags.iter().filter(|tag| tag.name == "label").filter_map(|tag| tag.get("for")).collect();
        for field in tags.iter().filter(|tag| matches!(tag.name.as_str(), "input" | "select")) {
            let is_in_label = matches!(field.get("type"), Some("hidden" | "radio" | "checkbox"));
            assert!(is_in_label || field.get("id").is_some_and(|id| labelled.contains(id)), "{name}: {field:?} has no label");
        }
        for wrong in tags.iter().filter(|tag| tag.get("aria-invalid").is_some()) {
            assert!(wrong.get("aria-describedby").is_some_and(|by| by.contains("-error")), "{name}: {wrong:?} does not say what is wrong");
        }
    }
}

#[test]
fn every_page_keeps_the_content_security_policy() {
    for (name, html) in all() {
        for tag in parse(&html) {
            for (attribute, _) in &tag.attributes {
                assert!(!attribute.starts_with("on") && attribute != "style", "{name}: {attribute} on {}", tag.name);
            }
            assert!(tag.name != "style", "{name}: a style in the page");
            assert!(tag.name != "script" || tag.get("src").is_some_and(|src| src.starts_with("/static/")), "{name}: a script in the page");
        }
    }
}
