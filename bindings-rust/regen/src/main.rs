// SPDX-License-Identifier: MIT OR Apache-2.0
//! `cargo run -p regen` writes the bindings; with `--check` it only compares.

use std::process::ExitCode;

fn run() -> Result<(), String> {
    let check = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => return Err(format!("unknown option {other}")),
    };
    let path = regen::checked_in();
    let wanted = regen::generate().map_err(|error| error.to_string())?;
    if !check {
        return std::fs::write(&path, wanted)
            .map_err(|error| format!("{}: {error}", path.display()));
    }
    match std::fs::read_to_string(&path) {
        Ok(found) if found == wanted => Ok(()),
        Ok(_) => Err("the bindings do not agree with the headers; `cargo run -p regen`".into()),
        Err(error) => Err(format!("{}: {error}", path.display())),
    }
}

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("regen: {message}");
            ExitCode::FAILURE
        }
    }
}
