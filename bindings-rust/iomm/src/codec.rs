// SPDX-License-Identifier: MIT OR Apache-2.0
//! Page-table formats written in Rust.

use crate::boundary::{self, Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Result};
#[cfg(any(feature = "std", doc))]
use crate::error::{Code, Error};
use crate::format::Format;
use crate::prot::Prot;
use crate::text;
use alloc::boxed::Box;
use alloc::ffi::CString;
use bitflags::bitflags;
use core::ffi::{c_int, c_void};
use core::ptr;
use iomm_sys as sys;

/// The values of a format's registers.
pub type Registers = [u64; sys::IOMM_PGTABLE_REGS as usize];

bitflags! {
    /// What a table is, as far as its descriptors depend on it.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct TableFlags: u32 {
        /// Walkers snoop the CPU's caches.
        const COHERENT = sys::IOMM_PGTABLE_COHERENT;
        /// The upper half of the address space.
        const UPPER = sys::IOMM_PGTABLE_UPPER;
        /// Walkers note in the descriptors what was written to.
        const DIRTY = sys::IOMM_PGTABLE_DIRTY;
        /// Leaves point to Non-secure memory.
        const NS = sys::IOMM_PGTABLE_NS;
        /// Memory types as FEAT_S2FWB has them.
        const S2FWB = sys::IOMM_PGTABLE_S2FWB;
    }
}

/// What a descriptor is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Nothing, or what is reserved.
    None,
    /// Links a table.
    Link,
    /// Maps memory.
    Leaf,
}

/// How hardware notes that a leaf was written to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dirty {
    /// It has, in a leaf of which these bits ...
    pub mask: u64,
    /// ... are these.
    pub value: u64,
    /// Without the note, this bit of them is the other way round.
    pub bit: u64,
}

/// The numbers of a [`Codec`]. Levels are counted from 0, the topmost that
/// there can be, to the pages.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Layout {
    /// log2 of a page, and of a table: 9 to 16.
    pub page_shift: u32,
    /// How many levels there can be: 1 to 8.
    pub levels: u32,
    /// What the architecture calls level 0.
    pub top_level: i32,
    /// log2 of the tables side by side that can be the first one: 0 to 4.
    pub concat: u32,
    /// Least size and alignment of the first table, bytes.
    pub min_root: u32,
    /// Narrowest input address, bits.
    pub min_ias: u32,
    /// Widest input address, bits.
    pub max_ias: u32,
    /// Widest output address, bits.
    pub max_oas: u32,
    /// The input width for who asks for none.
    pub ias: u32,
    /// The output width, likewise.
    pub oas: u32,
    /// A bit for each level where leaves may be; at the last they must.
    pub leaf_levels: u32,
    /// By level: log2 of the leaves of a contiguous run; 0: no runs.
    pub run_shift: [u8; sys::IOMM_CODEC_LEVELS as usize],
    /// Registers in use.
    pub nr_regs: u32,

    /// The bit without which walkers look no further; below 2^32.
    pub valid: u64,
    /// The bit of a leaf that is part of a run, or 0.
    pub run: u64,
    /// All bits of a leaf but address, type, `valid` and `run`.
    pub attrs: u64,
    /// Attributes that change by break-before-make only.
    pub breaks: u64,
    /// Attributes without all of which a leaf ends a walk.
    pub accessed: u64,
    /// How writes are noted, if they are.
    pub dirty: Option<Dirty>,
    /// Bits of a link that restrict what is below it.
    pub restricts: u64,
    /// What to add to a leaf to get the one of the next page, if addresses are
    /// in one piece; else 0.
    pub page_step: u64,

    /// Protections that can be expressed.
    pub prot: Prot,
    /// What tables can have: all but [`TableFlags::COHERENT`], which any has.
    pub table_flags: TableFlags,
}

/// What registers say of a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Start {
    /// [`Codec::registers`]: what the table is.
    pub flags: TableFlags,
    /// Input address width, bits.
    pub ias: u32,
    /// Output address width, bits.
    pub oas: u32,
    /// Address of the first table.
    pub root: u64,
    /// First address that it translates.
    pub first_iova: u64,
    /// [`Codec::registers`]: the level of the first table.
    pub start_level: u32,
}

/// A page-table format: numbers that say how its tables are laid out, and
/// methods that put a descriptor together and take it apart. The library does
/// the rest, and calls a method or more for each descriptor.
///
/// The methods are pure: they answer from their arguments and what `self` was
/// made with, the same each time. They run in atomic hooks, on several threads
/// at once, and a panic aborts. What they answer is checked where it is used as
/// an address or a length: a codec can make tables that are wrong, and nothing
/// worse. Before it is used it is tried out; what contradicts itself is
/// [`Code::ELIBBAD`].
///
/// `bindings-rust/riscv-gstage` is a whole one.
pub trait Codec: Send + Sync + 'static {
    /// Its numbers. Asked once.
    fn layout(&self) -> Layout;

    /// A leaf that maps `pa`, which is a multiple of what it maps.
    fn leaf(&self, pa: u64, attrs: u64, level: u32) -> u64;

    /// A link to the table at `pa`.
    fn link(&self, pa: u64, flags: TableFlags) -> u64;

    /// What a valid descriptor is.
    fn kind(&self, desc: u64, level: u32) -> Kind;

    /// Where a leaf leads to.
    fn leaf_address(&self, desc: u64, level: u32) -> u64;

    /// Where a link leads to.
    fn link_address(&self, desc: u64) -> u64;

    /// How leaves of a protection look; `None` when it cannot be expressed.
    fn encode(&self, prot: Prot, flags: TableFlags) -> Option<u64>;

    /// What a leaf allows, as these registers and [`Layout::restricts`] of the
    /// links above it have it.
    fn decode(&self, desc: u64, regs: &Registers, restricts: u64) -> Prot;

    /// What hardware is to be told of a table.
    fn registers(&self, start: &Start) -> Registers;

    /// Reads that back; `None` when it is none of this codec.
    fn start(&self, regs: &Registers) -> Option<Start> {
        let _ = regs;
        None
    }

    /// Can it do here what it has to? Called once, before anybody gets the
    /// format, and after it was tried out.
    fn self_test(&self) -> Result<()> {
        Ok(())
    }
}

/// A codec with what C knows of it. Stays where it is.
pub(crate) struct Held<C> {
    codec: C,
    name: CString,
    raw: sys::iomm_codec,
}

/// One of any type.
pub(crate) trait AnyHeld: Send + Sync {
    fn ops(&self) -> sys::iomm_format_ops;
    fn self_test(&self) -> Result<()>;
}

// SAFETY: `raw` points into the box that holds it, to functions, and is only
// read. The codec itself says that it is both.
unsafe impl<C: Codec> Send for Held<C> {}
// SAFETY: as above.
unsafe impl<C: Codec> Sync for Held<C> {}

impl<C: Codec> Held<C> {
    pub(crate) fn new(name: &str, codec: C) -> Result<Box<Held<C>>> {
        let name = text::c_string("name", name)?;
        let raw = raw::<C>(&codec.layout());
        let mut held = Box::new(Held { codec, name, raw });
        held.raw.data = ptr::from_ref(&held.codec).cast_mut().cast();
        Ok(held)
    }
}

impl<C: Codec> AnyHeld for Held<C> {
    /// What it points to is in the box.
    fn ops(&self) -> sys::iomm_format_ops {
        sys::iomm_format_ops {
            size: text::size_of::<sys::iomm_format_ops>(),
            abi: sys::IOMM_FORMAT_ABI,
            name: self.name.as_ptr(),
            codec: &self.raw,
            ..Default::default()
        }
    }

    fn self_test(&self) -> Result<()> {
        self.codec.self_test()
    }
}

fn raw<C: Codec>(layout: &Layout) -> sys::iomm_codec {
    let dirty = layout.dirty.unwrap_or(Dirty {
        mask: 0,
        value: 0,
        bit: 0,
    });
    sys::iomm_codec {
        size: text::size_of::<sys::iomm_codec>(),
        page_shift: layout.page_shift,
        levels: layout.levels,
        top_level: layout.top_level,
        concat: layout.concat,
        min_root: layout.min_root,
        min_ias: layout.min_ias,
        max_ias: layout.max_ias,
        max_oas: layout.max_oas,
        ias: layout.ias,
        oas: layout.oas,
        leaf_levels: layout.leaf_levels,
        nr_regs: layout.nr_regs,
        run_shift: layout.run_shift,
        valid: layout.valid,
        run: layout.run,
        attrs: layout.attrs,
        breaks: layout.breaks,
        accessed: layout.accessed,
        dirty_mask: dirty.mask,
        dirty_value: dirty.value,
        dirty: dirty.bit,
        restricts: layout.restricts,
        page_step: layout.page_step,
        prot: layout.prot.bits(),
        table_flags: layout.table_flags.bits(),
        leaf: Some(leaf::<C>),
        link: Some(link::<C>),
        kind: Some(kind::<C>),
        leaf_address: Some(leaf_address::<C>),
        link_address: Some(link_address::<C>),
        encode: Some(encode::<C>),
        decode: Some(decode::<C>),
        registers: Some(registers::<C>),
        start: Some(start::<C>),
        ..Default::default()
    }
}

impl Format {
    /// Registers a format that is a codec, in this process: no plugin is
    /// needed for that. It goes with the context.
    pub fn register_codec<C: Codec>(ctx: &Context, name: &str, codec: C) -> Result<Format> {
        let held = Held::new(name, codec)?;
        let mut ops = held.ops();
        ops.self_test = Some(self_test::<C>);
        ctx.call(|| {
            let data = Box::into_raw(held);
            let mut raw = ptr::null_mut();
            // SAFETY: what `ops` points to is in `data`, which `release` takes
            // back, once, also on failure.
            ctx.done(unsafe {
                sys::iomm_format_register(
                    ctx.as_raw(),
                    &ops,
                    data.cast(),
                    Some(release::<C>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Format::from_raw(raw, ctx) })
        })
    }
}

unsafe extern "C" fn release<C: Codec>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: it is the box that was registered, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<Held<C>>()) });
    });
}

unsafe extern "C" fn self_test<C: Codec>(data: *mut c_void) -> c_int {
    // SAFETY: it is the box that was registered, and not released yet.
    let held = unsafe { &*data.cast::<Held<C>>() };
    callback(Hook::Plain, BROKEN, || answer(held.self_test()))
}

pub(crate) fn answer(result: Result<()>) -> c_int {
    result.map_or_else(|error| error.answer(), |()| 0)
}

/// What a plugin's own panic is to the library.
#[cfg(feature = "std")]
pub(crate) fn panicked() -> Error {
    Error::new(Code::EPROTO, "it panicked")
}

/// Calls a method of the codec that `data` is.
///
/// # Safety
///
/// `data` is what [`Held::new`] made for `C`, and alive.
unsafe fn with<C: Codec, R>(data: *mut c_void, f: impl FnOnce(&C) -> R) -> R {
    // SAFETY: as the caller promises.
    let codec = unsafe { &*data.cast::<C>() };
    boundary::pure(|| f(codec))
}

// The library calls these with the data of the struct that they are in. It
// hands them only what lives as long as the call. A panic aborts at their edge.

unsafe extern "C" fn leaf<C: Codec>(data: *mut c_void, pa: u64, attrs: u64, level: u32) -> u64 {
    // SAFETY: our own data.
    unsafe { with::<C, _>(data, |codec| codec.leaf(pa, attrs, level)) }
}

unsafe extern "C" fn link<C: Codec>(data: *mut c_void, pa: u64, flags: u32) -> u64 {
    let flags = TableFlags::from_bits_truncate(flags);
    // SAFETY: our own data.
    unsafe { with::<C, _>(data, |codec| codec.link(pa, flags)) }
}

unsafe extern "C" fn kind<C: Codec>(data: *mut c_void, desc: u64, level: u32) -> u32 {
    // SAFETY: our own data.
    match unsafe { with::<C, _>(data, |codec| codec.kind(desc, level)) } {
        Kind::None => sys::IOMM_CODEC_NONE,
        Kind::Link => sys::IOMM_CODEC_TABLE,
        Kind::Leaf => sys::IOMM_CODEC_LEAF,
    }
}

unsafe extern "C" fn leaf_address<C: Codec>(data: *mut c_void, desc: u64, level: u32) -> u64 {
    // SAFETY: our own data.
    unsafe { with::<C, _>(data, |codec| codec.leaf_address(desc, level)) }
}

unsafe extern "C" fn link_address<C: Codec>(data: *mut c_void, desc: u64) -> u64 {
    // SAFETY: our own data.
    unsafe { with::<C, _>(data, |codec| codec.link_address(desc)) }
}

unsafe extern "C" fn encode<C: Codec>(
    data: *mut c_void,
    prot: u32,
    flags: u32,
    attrs: *mut u64,
) -> c_int {
    let prot = Prot::from_bits_retain(prot);
    let flags = TableFlags::from_bits_truncate(flags);
    // SAFETY: our own data.
    match unsafe { with::<C, _>(data, |codec| codec.encode(prot, flags)) } {
        Some(found) => {
            // SAFETY: the library wants it there.
            unsafe { *attrs = found };
            0
        }
        None => -(sys::IOMM_EOPNOTSUPP as c_int),
    }
}

unsafe extern "C" fn decode<C: Codec>(
    data: *mut c_void,
    desc: u64,
    regs: *const u64,
    restricts: u64,
) -> u32 {
    // SAFETY: so many registers are what the library gives.
    let regs = unsafe { &*regs.cast::<Registers>() };
    // SAFETY: our own data.
    unsafe { with::<C, _>(data, |codec| codec.decode(desc, regs, restricts).bits()) }
}

unsafe extern "C" fn registers<C: Codec>(
    data: *mut c_void,
    table: *const sys::iomm_codec_table,
    regs: *mut u64,
) {
    // SAFETY: the library gives a table.
    let table = unsafe { &*table };
    let start = Start {
        flags: TableFlags::from_bits_truncate(table.flags),
        ias: table.ias,
        oas: table.oas,
        root: table.root,
        first_iova: table.first_iova,
        start_level: table.start_level,
    };
    // SAFETY: our own data; and so many registers are what the library wants.
    unsafe { *regs.cast() = with::<C, _>(data, |codec| codec.registers(&start)) };
}

unsafe extern "C" fn start<C: Codec>(
    data: *mut c_void,
    regs: *const u64,
    table: *mut sys::iomm_codec_table,
) -> c_int {
    // SAFETY: so many registers are what the library gives.
    let regs = unsafe { &*regs.cast::<Registers>() };
    // SAFETY: our own data.
    let Some(start) = (unsafe { with::<C, _>(data, |codec| codec.start(regs)) }) else {
        return BROKEN;
    };
    // SAFETY: the library wants it there.
    let table = unsafe { &mut *table };
    table.ias = start.ias;
    table.oas = start.oas;
    table.root = start.root;
    table.first_iova = start.first_iova;
    0
}
