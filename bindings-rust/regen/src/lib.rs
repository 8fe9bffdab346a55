// SPDX-License-Identifier: MIT OR Apache-2.0
//! Makes the bindings of `iomm-sys` from the library's headers.

use std::path::{Path, PathBuf};

const HEAD: &str = "\
// SPDX-License-Identifier: MIT OR Apache-2.0
// Made from include/iomm/*.h by `cargo run -p regen`. Do not edit.";

/// The file that is checked in.
pub fn checked_in() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../iomm-sys/src/bindings.rs")
}

/// The folder of the headers.
pub fn headers() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../include")
}

/// The bindings as the headers want them now.
pub fn generate() -> Result<String, bindgen::BindgenError> {
    let include = headers();
    let bindings = bindgen::builder()
        .header(include.join("iomm/iomm.h").display().to_string())
        .clang_arg(format!("-I{}", include.display()))
        .clang_arg("-std=c11")
        .allowlist_file(".*/iomm/[a-z_]*\\.h")
        .rust_target(bindgen::RustTarget::stable(85, 0).expect("1.85 exists"))
        .rust_edition(bindgen::RustEdition::Edition2024)
        .use_core()
        .default_macro_constant_type(bindgen::MacroTypeVariation::Unsigned)
        .derive_default(true)
        // They may be moved, but not copied.
        .no_copy("iomm_gather")
        .no_copy("iomm_cursor")
        .no_copy("iomm_device_guard")
        .generate_comments(false)
        .merge_extern_blocks(true)
        .disable_header_comment()
        .raw_line(HEAD)
        .formatter(bindgen::Formatter::Prettyplease)
        .generate()?;
    Ok(bindings.to_string())
}
