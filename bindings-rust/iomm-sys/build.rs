// SPDX-License-Identifier: MIT OR Apache-2.0
//! Finds libiomm, or compiles it.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    #[cfg(feature = "vendored")]
    vendored::build();
    #[cfg(not(feature = "vendored"))]
    installed();
}

#[cfg(not(feature = "vendored"))]
fn installed() {
    let found = pkg_config::Config::new()
        .atleast_version("0.1")
        .probe("libiomm");
    if let Err(error) = found {
        eprintln!(
            "{error}\n\n\
             Install libiomm, or let PKG_CONFIG_PATH name the directory of \
             libiomm.pc, or turn on the feature `vendored`, which compiles \
             the library from the sources that come with this crate."
        );
        std::process::exit(1);
    }
}

#[cfg(feature = "vendored")]
mod vendored {
    use std::path::{Path, PathBuf};

    /// The folders of the library, below `csrc`. Not all need exist.
    const FOLDERS: [&str; 11] = [
        "",
        "base",
        "pgtable",
        "ioasid",
        "device",
        "domain",
        "platform",
        "device/firmware",
        "firmware",
        "alloc",
        "alloc/hosted",
    ];

    pub fn build() {
        let mut build = cc::Build::new();
        build
            .std("c11")
            .opt_level(2)
            .flag("-fvisibility=hidden")
            .include("cinclude")
            .include("csrc");
        for folder in FOLDERS {
            build.files(c_files(&Path::new("csrc").join(folder)));
        }
        println!("cargo:rerun-if-changed=csrc");
        println!("cargo:rerun-if-changed=cinclude");
        build.compile("iomm");
        link_libfdt();
        println!("cargo:rustc-link-lib=pthread");
    }

    fn c_files(folder: &Path) -> Vec<PathBuf> {
        let Ok(entries) = std::fs::read_dir(folder) else {
            return Vec::new();
        };
        let mut files: Vec<PathBuf> = entries
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|e| e == "c"))
            .collect();
        files.sort();
        files
    }

    /// Not every libfdt brings a .pc file.
    fn link_libfdt() {
        if pkg_config::Config::new().probe("libfdt").is_err() {
            println!("cargo:rustc-link-lib=fdt");
        }
    }
}
