//! Stories across crates live in `it/`. Here is what the tests of several crates drive: a real browser.

pub mod browser;
