//! The order in which incidents are listed: as people count, `S01-40` before `S01-300`.

use std::cmp::Ordering;

/// Compares names; a run of digits counts as its number.
pub(super) fn as_people_count(a: &str, b: &str) -> Ordering {
    let (mut left, mut right) = (a, b);
    loop {
        match (piece(&mut left), piece(&mut right)) {
            (None, None) => return a.cmp(b),
            (one, other) => match by_piece(one.unwrap_or_default(), other.unwrap_or_default()) {
                Ordering::Equal => {}
                order => return order,
            },
        }
    }
}

/// The next run of digits, or of anything else.
fn piece<'a>(rest: &mut &'a str) -> Option<&'a str> {
    let digit = rest.chars().next()?.is_ascii_digit();
    let end = rest.find(|c: char| c.is_ascii_digit() != digit).unwrap_or(rest.len());
    let (piece, after) = rest.split_at(end);
    *rest = after;
    Some(piece)
}

fn by_piece(a: &str, b: &str) -> Ordering {
    let number = |piece: &str| piece.starts_with(|c: char| c.is_ascii_digit()).then(|| piece.trim_start_matches('0').to_owned());
    match (number(a), number(b)) {
        (Some(a), Some(b)) => a.len().cmp(&b.len()).then_with(|| a.cmp(&b)),
        _ => a.cmp(b),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_inside_names_count_as_numbers() {
        let mut names = ["S01-300", "D10", "S01-40", "D9", "D01b", "D01a", "D1", "S01-15", "S01"];
        names.sort_by(|a, b| as_people_count(a, b));
        assert_eq!(names, ["D1", "D01a", "D01b", "D9", "D10", "S01", "S01-15", "S01-40", "S01-300"]);
    }
}
