// SPDX-License-Identifier: MIT OR Apache-2.0
//! Errors and their sentences.
#![cfg(feature = "std")]

mod common;

use common::on_machine;
use iomm::{Code, Context, Device, DeviceConfig, Error, Firmware, Format};

#[test]
fn codes_have_names_and_numbers() {
    assert_eq!(Code::ENODEV.raw(), 19);
    assert_eq!(Code::EPROBE_DEFER.raw(), 517);
    assert_eq!(format!("{:?}", Code::ENODEV), "ENODEV");
    assert_eq!(format!("{}", Code::from_raw(4000)), "Code(4000)");
    assert!(!Code::EINVAL.description().is_empty());
    assert_eq!(Code::from_raw(4000).description(), "unknown error");
}

#[test]
fn an_error_says_what_was_wrong() {
    let ctx = Context::new().unwrap();
    let error = Format::request(&ctx, "no-such-format").unwrap_err();
    assert_eq!(error.code(), Code::ENOENT);
    assert!(error.to_string().contains("no-such-format"), "{error}");
}

/// The sentence is fetched when the call fails: a later failure does not
/// change it.
#[test]
fn an_error_keeps_its_sentence() {
    let ctx = Context::new().unwrap();
    let first = Format::request(&ctx, "first").unwrap_err();
    let second = Format::request(&ctx, "second").unwrap_err();
    assert!(first.message().contains("first"), "{first}");
    assert!(second.message().contains("second"), "{second}");
}

#[test]
fn a_nul_in_a_name_is_refused() {
    on_machine(|machine| {
        let config = DeviceConfig::new("a\0b").node(machine.node("/disk@3000"));
        let error = Device::create(&machine.platform, &config).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert_eq!(error.message(), "the name \"a\\0b\" has a NUL at byte 1");
    });
}

#[test]
fn a_damaged_tree_gets_a_sentence() {
    let ctx = Context::new().unwrap();
    let tree = common::tree();
    for end in [0, 1, 39, 40, tree.len() / 2] {
        let error = Firmware::from_fdt(&ctx, &tree[..end]).unwrap_err();
        assert_eq!(error.code(), Code::EINVAL);
        assert!(error.message().len() > 10, "{error}");
    }
}

#[test]
fn errors_of_ones_own() {
    let error = Error::new(Code::EIO, "on fire");
    assert_eq!(error.to_string(), "on fire");
    let plain = Error::from(Code::EIO);
    assert_eq!(plain.message(), Code::EIO.description());
    let boxed: Box<dyn std::error::Error + Send + Sync> = Box::new(error);
    assert_eq!(boxed.to_string(), "on fire");
}
