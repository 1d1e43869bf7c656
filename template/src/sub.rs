//! The text of `!Sub`: literals and names between `${` and `}`. `${!x}` stands for `${x}`.

/// One piece of such a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Piece<'a> {
    Literal(&'a str),
    /// What stands between the braces.
    Name(&'a str),
}

/// Takes a text apart; `None` when a brace is not closed or holds nothing that could be a name.
pub(crate) fn pieces(text: &str) -> Option<Vec<Piece<'_>>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        pieces.push(Piece::Literal(before));
        let (inside, behind) = after.split_once('}')?;
        if let Some(literal) = inside.strip_prefix('!') {
            pieces.extend([Piece::Literal("${"), Piece::Literal(literal), Piece::Literal("}")]);
        } else {
            let name = inside.trim();
            let of_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | ':' | '_');
            if name.is_empty() || !name.chars().all(of_name) {
                return None;
            }
            pieces.push(Piece::Name(name));
        }
        rest = behind;
    }
    pieces.push(Piece::Literal(rest));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_from_what_only_looks_like_one() {
        use Piece::{Literal, Name};
        assert_eq!(pieces("a$b{c}"), Some(vec![Literal("a$b{c}")]));
        assert_eq!(pieces("${A}-${B.C}"), Some(vec![Literal(""), Name("A"), Literal("-"), Name("B.C"), Literal("")]));
        assert_eq!(pieces("${!route.id}"), Some(vec![Literal(""), Literal("${"), Literal("route.id"), Literal("}"), Literal("")]));
        for broken in ["${", "${A", "${}", "${A B}", "${A${B}}"] {
            assert_eq!(pieces(broken), None, "{broken}");
        }
    }
}
