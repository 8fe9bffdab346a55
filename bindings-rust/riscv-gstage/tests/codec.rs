// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formats written in Rust: registered by the program, and brought by a plugin.

use iomm::{
    Code, Codec, Context, Format, HandleKind, Kind, Layout, PageTable, PageTableConfig, Plugin,
    Prot, Registers, Start, TableFlags,
};
use riscv_gstage::{GStage, SV39X4, SV48X4};
use std::path::PathBuf;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

const RW: Prot = Prot::READ.union(Prot::WRITE);

/// A codec that is another one, but for one answer.
struct Twisted {
    inner: GStage,
    kind: Option<Kind>,
    test: bool,
    panics: bool,
    drops: Arc<AtomicU32>,
}

impl Twisted {
    fn new() -> Twisted {
        Twisted {
            inner: SV39X4,
            kind: None,
            test: true,
            panics: false,
            drops: Arc::default(),
        }
    }
}

impl Drop for Twisted {
    fn drop(&mut self) {
        self.drops.fetch_add(1, Ordering::Relaxed);
    }
}

impl Codec for Twisted {
    fn layout(&self) -> Layout {
        self.inner.layout()
    }
    fn leaf(&self, pa: u64, attrs: u64, level: u32) -> u64 {
        assert!(!self.panics, "this codec panics");
        self.inner.leaf(pa, attrs, level)
    }
    fn link(&self, pa: u64, flags: TableFlags) -> u64 {
        self.inner.link(pa, flags)
    }
    fn kind(&self, desc: u64, level: u32) -> Kind {
        self.kind.unwrap_or(self.inner.kind(desc, level))
    }
    fn leaf_address(&self, desc: u64, level: u32) -> u64 {
        self.inner.leaf_address(desc, level)
    }
    fn link_address(&self, desc: u64) -> u64 {
        self.inner.link_address(desc)
    }
    fn encode(&self, prot: Prot, flags: TableFlags) -> Option<u64> {
        self.inner.encode(prot, flags)
    }
    fn decode(&self, desc: u64, regs: &Registers, restricts: u64) -> Prot {
        self.inner.decode(desc, regs, restricts)
    }
    fn registers(&self, start: &Start) -> Registers {
        self.inner.registers(start)
    }
    fn start(&self, regs: &Registers) -> Option<Start> {
        self.inner.start(regs)
    }
    fn self_test(&self) -> iomm::Result<()> {
        if self.test {
            return self.inner.self_test();
        }
        Err(iomm::Error::new(Code::EIO, "not today"))
    }
}

fn use_format(ctx: &Context, name: &str) {
    let mut table = PageTable::create(ctx, name, &PageTableConfig::new()).unwrap();
    table.map(0x20_0000, 0x4020_0000, 0x40_0000, RW).unwrap();
    let at = table.translate(0x30_1234).unwrap().unwrap();
    assert_eq!(at.paddr, 0x4030_1234);
    assert_eq!(at.page_size, 0x20_0000);
    assert_eq!(at.prot, RW);
    assert_eq!(
        table
            .map(0, 0, 0x1000, Prot::WRITE)
            .unwrap_err()
            .error
            .code(),
        Code::EOPNOTSUPP
    );
}

#[test]
fn registered() {
    let ctx = Context::new().unwrap();
    let format = Format::register_codec(&ctx, "mine", SV39X4).unwrap();
    let info = format.info();
    assert_eq!((info.max_ias, info.max_oas, info.nr_regs), (41, 56, 1));
    use_format(&ctx, "mine");
    let registers = PageTable::create(&ctx, "mine", &PageTableConfig::new())
        .unwrap()
        .info()
        .regs;
    assert_eq!(registers[0] >> 60, 8);
    let twice = Format::register_codec(&ctx, "mine", SV48X4).unwrap_err();
    assert_eq!(twice.code(), Code::EEXIST);
}

#[test]
fn dropped_once() {
    let drops = Arc::new(AtomicU32::new(0));
    let ctx = Context::new().unwrap();
    let twisted = || {
        let mut codec = Twisted::new();
        codec.drops = drops.clone();
        codec
    };
    let format = Format::register_codec(&ctx, "mine", twisted()).unwrap();
    assert!(Format::register_codec(&ctx, "mine", twisted()).is_err());
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(format);
    assert_eq!(drops.load(Ordering::Relaxed), 1);
    drop(ctx);
    assert_eq!(drops.load(Ordering::Relaxed), 2);
}

#[test]
fn contradiction() {
    let ctx = Context::new().unwrap();
    let mut codec = Twisted::new();
    codec.kind = Some(Kind::Leaf);
    let error = Format::register_codec(&ctx, "mine", codec).unwrap_err();
    assert_eq!(error.code(), Code::ELIBBAD);
    assert!(error.message().contains("the kind"), "{error}");
    let mut codec = Twisted::new();
    codec.test = false;
    let error = Format::register_codec(&ctx, "mine", codec).unwrap_err();
    assert_eq!(error.code(), Code::ELIBBAD);
    assert!(error.message().contains("self-test"), "{error}");
}

/// In a process of its own, which aborts.
#[test]
fn panic_aborts() {
    const MARK: &str = "IOMM_TEST_PANIC";
    if std::env::var_os(MARK).is_some() {
        let ctx = Context::new().unwrap();
        let mut codec = Twisted::new();
        codec.panics = true;
        let _ = Format::register_codec(&ctx, "mine", codec);
        return;
    }
    let run = Command::new(std::env::current_exe().unwrap())
        .args(["panic_aborts", "--exact", "--nocapture"])
        .env(MARK, "1")
        .output()
        .unwrap();
    assert!(!run.status.success());
    let errors = String::from_utf8_lossy(&run.stderr);
    assert!(errors.contains("this codec panics"), "{errors}");
}

/// The plugin lies where cargo puts it for tests, beside this program.
fn plugin() -> PathBuf {
    let mut path = std::env::current_exe().unwrap();
    path.set_file_name("libriscv_gstage.so");
    path
}

#[test]
fn from_a_plugin() {
    let ctx = Context::new().unwrap();
    let path = plugin();
    let name = path.to_str().unwrap();
    // SAFETY: it is the plugin of this tree.
    let opened = unsafe { Plugin::open(&ctx, name) }.unwrap();
    assert_eq!(opened.path().unwrap(), name);
    use_format(&ctx, "riscv-sv39x4");
    use_format(&ctx, "riscv-sv48x4");
    let pin = Format::request(&ctx, "riscv-sv48x4").unwrap();
    let (opened, error) = opened.close().unwrap_err();
    assert_eq!(error.code(), Code::EBUSY);
    drop(pin);
    opened.close().unwrap();
    let gone = Format::request(&ctx, "riscv-sv39x4").unwrap_err();
    assert_eq!(gone.code(), Code::ENOENT);
    // Its code is still there, and once more of use.
    // SAFETY: as above.
    let again = unsafe { Plugin::open(&ctx, name) }.unwrap();
    use_format(&ctx, "riscv-sv39x4");
    drop(again);
    assert_eq!(ctx.live_handles(HandleKind::ANY), 1);
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(maps.contains("libriscv_gstage.so"));
}

#[test]
fn announced() {
    let ctx = Context::new().unwrap();
    let path = plugin();
    // SAFETY: it is the plugin of this tree.
    let announced =
        unsafe { Plugin::announce(&ctx, "riscv-sv39x4", path.to_str().unwrap(), None) }.unwrap();
    assert_eq!(announced.path().unwrap(), "");
    let early = Format::request(&ctx, "riscv-sv39x4").unwrap_err();
    assert_eq!(early.code(), Code::EPROBE_DEFER);
    ctx.run().unwrap();
    use_format(&ctx, "riscv-sv39x4");
    announced.close().unwrap();
    // SAFETY: there is no such plugin.
    let none = unsafe { Plugin::open(&ctx, "no-such-plugin") }.unwrap_err();
    assert_eq!(none.code(), Code::ENOENT);
}
