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
    const FOLDERS: [&str; 13] = [
        "",
        "base",
        "pgtable",
        "pgtable/codec",
        "ioasid",
        "device",
        "device/acpi",
        "domain",
        "platform",
        "plugin",
        "device/firmware",
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
            .include("csrc")
            .include(engine_version());
        for folder in FOLDERS {
            build.files(c_files(&Path::new("csrc").join(folder)));
        }
        println!("cargo:rerun-if-changed=csrc");
        println!("cargo:rerun-if-changed=cinclude");
        build.compile("iomm");
        link_libfdt();
        println!("cargo:rustc-link-lib=pthread");
        println!("cargo:rustc-link-lib=dl");
    }

    /// The folder of the header that says which version of the engine this is:
    /// as the Makefile makes it, so that the same plugins fit.
    fn engine_version() -> PathBuf {
        let read = |path: &Path| std::fs::read(path).expect("a source of the library");
        let list = read(Path::new("csrc/pgtable/engine_headers.txt"));
        let list = String::from_utf8(list).expect("a list of names");
        let mut headers = Vec::new();
        for name in list.lines().filter(|line| !line.starts_with('#')) {
            headers.extend(read(&Path::new("csrc").join(name)));
        }
        headers.push(b'\n'); // where a checked build says so
        let folder = PathBuf::from(std::env::var_os("OUT_DIR").expect("cargo sets it"));
        let folder = folder.join("engine");
        std::fs::create_dir_all(folder.join("pgtable")).expect("a place for a header");
        let version = format!("#define IOMM_ENGINE_VERSION ({}u | 1u)\n", cksum(&headers));
        std::fs::write(folder.join("pgtable/engine_version.h"), version)
            .expect("a place for a header");
        folder
    }

    /// What cksum(1) says of bytes.
    fn cksum(bytes: &[u8]) -> u32 {
        let length = bytes.len().to_le_bytes();
        let used = length
            .iter()
            .rposition(|&byte| byte != 0)
            .map_or(0, |n| n + 1);
        let mut crc = 0u32;
        for byte in bytes.iter().chain(&length[..used]) {
            crc ^= u32::from(*byte) << 24;
            for _ in 0..8 {
                crc = if crc >> 31 == 1 {
                    crc << 1 ^ 0x04c1_1db7
                } else {
                    crc << 1
                };
            }
        }
        !crc
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
