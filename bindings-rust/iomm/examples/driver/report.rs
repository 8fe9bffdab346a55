// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors: what was attempted, and the library's sentence about it.

use iomm::Error;
use std::fmt::Display;

/// What goes to standard error, after the name of the file.
pub type Sentence = String;
pub type Outcome<T> = Result<T, Sentence>;

/// Says what was attempted; the library's sentence says what was wrong.
pub trait Attempt<T> {
    fn attempt(self, what: impl Display) -> Outcome<T>;
}

impl<T, E: Into<Error>> Attempt<T> for Result<T, E> {
    fn attempt(self, what: impl Display) -> Outcome<T> {
        self.map_err(|error| format!("{what}: {}", error.into()))
    }
}

pub fn expect(holds: bool, what: &str) -> Outcome<()> {
    if holds {
        return Ok(());
    }
    Err(format!("this should not happen: {what}"))
}

pub fn heading(text: &str) {
    println!("\n== {text}");
}

/// As C writes it: zero without a prefix.
pub fn hex(number: u64) -> String {
    match number {
        0 => "0".into(),
        _ => format!("{number:#x}"),
    }
}
