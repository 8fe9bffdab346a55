// SPDX-License-Identifier: MIT OR Apache-2.0
//! Policy as data: what each type of memory is.

use super::hooks::Hooks;
use crate::error::Result;
use crate::handle::numbers;
use crate::text;
use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use bitflags::bitflags;
use core::fmt;
use core::ops::RangeInclusive;
use core::ptr;
use iomm_sys as sys;

numbers! {
    /// What memory is for. The names say what for; what they mean is in the
    /// [`Descriptor`]s.
    Kind {
        /// Code.
        TEXT = IOMM_ALLOC_TEXT, "text";
        /// Data.
        DATA = IOMM_ALLOC_DATA, "data";
        /// Data that nobody changes.
        RODATA = IOMM_ALLOC_RODATA, "rodata";
        /// Data that nobody changes once it has been sealed.
        RODATA_AFTER_INIT = IOMM_ALLOC_RODATA_AFTER_INIT, "rodata after init";
        /// Code that runs at the start only.
        INITTEXT = IOMM_ALLOC_INITTEXT, "init text";
        /// Data for the start only.
        INITDATA = IOMM_ALLOC_INITDATA, "init data";
        /// Read-only data for the start only.
        INITRODATA = IOMM_ALLOC_INITRODATA, "init rodata";
    }
}

impl Kind {
    /// A kind of the caller's own.
    pub const fn user(number: u32) -> Kind {
        Kind(sys::IOMM_ALLOC_USER.saturating_add(number))
    }
}

bitflags! {
    /// What memory allows at the address that is handed out.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Access: u32 {
        /// Reading.
        const READ = sys::IOMM_ALLOC_READ;
        /// Writing.
        const WRITE = sys::IOMM_ALLOC_WRITE;
        /// Running.
        const EXEC = sys::IOMM_ALLOC_EXEC;
    }
}

bitflags! {
    /// How the memory of a type is made and kept.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct Flags: u32 {
        /// Allocations may share large pages, where the system has such.
        /// Falls back without a word; [`Stats::huge`](super::Stats::huge)
        /// says what came of it.
        const SHARED_HUGE = sys::IOMM_ALLOC_SHARED_HUGE;
        /// Ranges behind the first may be used when those before are full.
        const SECOND_RANGE = sys::IOMM_ALLOC_SECOND_RANGE;
        /// Writable in place until [`Allocation::seal`](super::Allocation::seal),
        /// and what the descriptor says from then on.
        const SEAL_AFTER_INIT = sys::IOMM_ALLOC_SEAL_AFTER_INIT;
        /// Writable and executable at the same address at the same time: the
        /// legacy arrangement.
        const ALLOW_WX = sys::IOMM_ALLOC_ALLOW_WX;
        /// Places are random inside the ranges.
        const RANDOMIZE = sys::IOMM_ALLOC_RANDOMIZE;
        /// Each grant has an inaccessible page on either side.
        const GUARD = sys::IOMM_ALLOC_GUARD;
        /// A fill leaves out the barrier over all processors:
        /// [`AllocType::sync`](super::AllocType::sync) does it for many.
        const LAZY_SYNC = sys::IOMM_ALLOC_LAZY_SYNC;
    }
}

/// What one type of memory is.
///
/// ```
/// use iomm::allocator::{Access, Descriptor, Flags, Kind};
///
/// // Code that near calls reach from this crate, in large pages.
/// let anchor = iomm::version as *const () as u64;
/// let text = Descriptor::new(Kind::TEXT, Access::READ | Access::EXEC)
///     .near(anchor, 128 << 20)
///     .flags(Flags::SHARED_HUGE);
/// // Code for the start goes into the same pool.
/// let init = Descriptor::served_by(Kind::INITTEXT, Kind::TEXT);
/// # let _ = (text, init);
/// ```
#[must_use]
pub struct Descriptor {
    raw: sys::iomm_alloc_desc,
    ranges: Vec<sys::iomm_alloc_range>,
    hooks: Hooks,
}

// SAFETY: the pointers in `raw` are NULL; ranges and hooks go to any thread.
unsafe impl Send for Descriptor {}
// SAFETY: as above.
unsafe impl Sync for Descriptor {}

impl Descriptor {
    fn empty(kind: Kind) -> Descriptor {
        Descriptor {
            raw: sys::iomm_alloc_desc {
                size: text::size_of::<sys::iomm_alloc_desc>(),
                type_: kind.raw(),
                ..Default::default()
            },
            ranges: Vec::new(),
            hooks: Hooks::default(),
        }
    }

    /// Memory of its own, with what it finally allows. [`Access::WRITE`] and
    /// [`Access::EXEC`] together need [`Flags::ALLOW_WX`].
    pub fn new(kind: Kind, access: Access) -> Descriptor {
        let mut desc = Descriptor::empty(kind);
        desc.raw.prot = access.bits();
        desc
    }

    /// Memory out of the pool of `other`, which has one of its own. Nothing
    /// else is said of such a type.
    pub fn served_by(kind: Kind, other: Kind) -> Descriptor {
        let mut desc = Descriptor::empty(kind);
        desc.raw.mapto = other.raw();
        desc
    }

    /// How it is made and kept.
    pub fn flags(mut self, flags: Flags) -> Descriptor {
        self.raw.flags = flags.bits();
        self
    }

    /// Adds addresses where it may lie, liked less than those before.
    pub fn range(mut self, addresses: RangeInclusive<u64>) -> Descriptor {
        self.ranges.push(sys::iomm_alloc_range {
            first: *addresses.start(),
            last: *addresses.end(),
        });
        self
    }

    /// How much is taken from the system at a time.
    pub fn granularity(mut self, bytes: u64) -> Descriptor {
        self.raw.granularity = bytes;
        self
    }

    /// What an allocation is aligned and rounded up to.
    pub fn alignment(mut self, bytes: u64) -> Descriptor {
        self.raw.alignment = bytes;
        self
    }

    /// No byte is further than `distance` from `anchor`.
    pub fn near(mut self, anchor: u64, distance: u64) -> Descriptor {
        self.raw.anchor = anchor;
        self.raw.distance = distance;
        self
    }

    /// Has `f` put bytes into allocations, instead of copying them: it is told
    /// the address that they are for, where to write, and what. An error is
    /// that of the fill.
    pub fn fill_with<F>(mut self, f: F) -> Descriptor
    where
        F: Fn(u64, &mut [u8], &[u8]) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks.fill = Some(Box::new(f));
        self
    }

    /// Has `f` make space harmless: what was freed, and what is new and
    /// executable. It is told the address, and where to write. After an error
    /// the space stays as it is and is not reused.
    pub fn invalidate_with<F>(mut self, f: F) -> Descriptor
    where
        F: Fn(u64, &mut [u8]) -> Result<()> + Send + Sync + 'static,
    {
        self.hooks.invalidate = Some(Box::new(f));
        self
    }

    /// Has `f` called with the address and the bytes of each grant that comes.
    pub fn on_map<F>(mut self, f: F) -> Descriptor
    where
        F: Fn(u64, u64) + Send + Sync + 'static,
    {
        self.hooks.on_map = Some(Box::new(f));
        self
    }

    /// Has `f` called with the address and the bytes of each grant that is
    /// about to go.
    pub fn on_unmap<F>(mut self, f: F) -> Descriptor
    where
        F: Fn(u64, u64) + Send + Sync + 'static,
    {
        self.hooks.on_unmap = Some(Box::new(f));
        self
    }
}

impl fmt::Debug for Descriptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Descriptor")
            .field("kind", &Kind::from_raw(self.raw.type_))
            .field("access", &Access::from_bits_retain(self.raw.prot))
            .finish_non_exhaustive()
    }
}

/// What C is told of the descriptors.
pub(super) struct Types {
    pub(super) raw: Vec<sys::iomm_alloc_desc>,
    /// What the descriptors point to.
    pub(super) hooks: Vec<Arc<Hooks>>,
    _ranges: Vec<Vec<sys::iomm_alloc_range>>,
}

impl Types {
    pub(super) fn new(descriptors: Vec<Descriptor>) -> Types {
        let mut types = Types {
            raw: Vec::new(),
            hooks: Vec::new(),
            _ranges: Vec::new(),
        };
        for Descriptor {
            mut raw,
            ranges,
            hooks,
        } in descriptors
        {
            if !ranges.is_empty() {
                raw.range_count = text::room(&ranges);
                raw.ranges = ranges.as_ptr();
            }
            if !hooks.are_none() {
                let hooks = Arc::new(hooks);
                hooks.tell(&mut raw, ptr::from_ref(&*hooks));
                types.hooks.push(hooks);
            }
            types.raw.push(raw);
            types._ranges.push(ranges);
        }
        types
    }
}
