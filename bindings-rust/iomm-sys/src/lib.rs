// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C interface of libiomm, as bindgen reads it from the library's headers.
//! Use the crate `iomm`, which makes it safe; the headers say what each call
//! does.
//!
//! The library is found with pkg-config (package `libiomm`; the variables
//! `PKG_CONFIG_PATH` and `PKG_CONFIG_SYSROOT_DIR` are honoured, also in cross
//! builds). With the feature `vendored` the C sources that come with this
//! crate are compiled instead.
//!
//! `bindings.rs` is checked in, so that no build needs libclang. Whoever
//! changes a header runs `cargo run -p regen`; a test finds out who forgot.
#![no_std]

#[cfg(not(target_pointer_width = "64"))]
compile_error!("these bindings are for hosts with 64-bit pointers");

#[allow(missing_docs, non_camel_case_types)]
#[rustfmt::skip]
mod bindings;

pub use bindings::*;

/// A time-out that never passes. bindgen does not see through `UINT64_MAX`.
pub const IOMM_FOREVER: u64 = u64::MAX;
