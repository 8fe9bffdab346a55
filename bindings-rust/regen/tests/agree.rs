// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bindings that are checked in are those that the headers give.

use std::fs;

#[test]
fn the_bindings_agree_with_the_headers() {
    let found = fs::read_to_string(regen::checked_in()).unwrap();
    let wanted = regen::generate().unwrap();
    assert!(
        found == wanted,
        "a header has changed: `cargo run -p regen`"
    );
}

/// bindgen leaves out, in silence, a constant that it cannot work out.
#[test]
fn every_constant_of_the_headers_is_bound() {
    const NOT_CONSTANTS: [&str; 4] = [
        "IOMM_API",
        "IOMM_MUST_CHECK",
        "IOMM_BEGIN_DECLS",
        "IOMM_END_DECLS",
    ];
    let bindings = regen::checked_in();
    let bound = fs::read_to_string(&bindings).unwrap()
        + &fs::read_to_string(bindings.with_file_name("lib.rs")).unwrap();
    let mut constants = 0;
    for header in fs::read_dir(regen::headers().join("iomm")).unwrap() {
        let header = fs::read_to_string(header.unwrap().path()).unwrap();
        let names = header.lines().filter_map(|line| {
            let mut words = line.strip_prefix("#define ")?.split_whitespace();
            let name = words.next()?;
            // A word more: not an include guard. No bracket: not a function.
            (words.next().is_some() && !name.contains('(')).then_some(name)
        });
        for name in names.filter(|name| !NOT_CONSTANTS.contains(name)) {
            constants += 1;
            assert!(
                bound.contains(&format!("pub const {name}: ")),
                "{name} is not bound"
            );
        }
    }
    assert!(constants > 50, "only {constants} constants found");
}
