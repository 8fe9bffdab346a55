// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long the races take.

/// `few`, or as many rounds as `RACE_ROUNDS` says.
pub fn rounds(few: usize) -> usize {
    match std::env::var("RACE_ROUNDS") {
        Ok(rounds) => rounds.parse().expect("RACE_ROUNDS is a number"),
        Err(_) => few,
    }
}
