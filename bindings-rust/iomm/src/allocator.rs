// SPDX-License-Identifier: MIT OR Apache-2.0
//! Memory by what it is for: code, data, and the parts of each that are needed
//! only while something starts.
//!
//! Whoever needs memory names a [`Kind`]. Everything else (protection,
//! addresses, huge pages, how bytes get in) is policy, and policy is data: one
//! [`Descriptor`] for each kind, given when the [`Allocator`] is made.
//!
//! - [`AllocType`] is a handle to one type: what a JIT compiler is given.
//! - [`Allocation`] is memory, freed when it is dropped. It is written with
//!   [`fill`](Allocation::fill) until it is [sealed](Allocation::seal), which
//!   is another type.
//! - [`Code`] is an allocation that can be called: unsafe to make, safe to hold.
//!
//! ```
//! use iomm::Context;
//! use iomm::allocator::{Access, Allocator, AllocatorConfig, Descriptor, Flags, Kind};
//!
//! let config = AllocatorConfig::new()
//!     .with(Descriptor::new(Kind::TEXT, Access::READ | Access::EXEC))
//!     .with(Descriptor::new(Kind::DATA, Access::READ | Access::WRITE))
//!     .with(
//!         Descriptor::new(Kind::RODATA_AFTER_INIT, Access::READ).flags(Flags::SEAL_AFTER_INIT),
//!     );
//! let allocator = Allocator::create(&Context::new()?, config)?;
//!
//! // A whole module, or nothing of it.
//! let parts = [(Kind::TEXT, 5000), (Kind::DATA, 300), (Kind::RODATA_AFTER_INIT, 40)];
//! let mut parts = allocator.layout(&parts)?;
//! let mut table = parts.pop().unwrap();
//! table.bytes_mut()?[..3].copy_from_slice(b"set");
//! let table = table.seal()?;
//! assert_eq!(&table.bytes()?[..3], b"set");
//! # Ok::<(), iomm::Error>(())
//! ```
//!
//! After `fork()` a child may run the code that was there, exec, and exit; every
//! call answers [`EOPNOTSUPP`](crate::Code::EOPNOTSUPP) in it.

mod alloc_type;
mod allocation;
mod backend;
mod code;
mod descriptor;
mod hooks;
mod info;

pub use alloc_type::AllocType;
use alloc_type::found_or_none;
pub use allocation::{Allocation, AllocationError, Sealed, Writable};
pub use backend::{Backend, Grant, GrantRequest};
pub use code::{Code, FnPointer, SafeFnPointer};
pub use descriptor::{Access, Descriptor, Flags, Kind};
pub use info::{AllocationInfo, Allocations, AllocatorInfo, Stats};

use crate::boundary;
use crate::ctx::Context;
use crate::error::Result;
use crate::handle::handle;
use crate::table_memory::release_box;
use crate::text;
use ::alloc::boxed::Box;
use ::alloc::sync::Arc;
use ::alloc::vec::Vec;
use core::fmt;
use core::ptr;
use descriptor::Types;
use hooks::Hooks;
use iomm_sys as sys;

/// How an [`Allocator`] is made.
#[derive(Debug, Default)]
#[must_use]
pub struct AllocatorConfig {
    types: Vec<Descriptor>,
    lanes: u32,
    flags: u32,
}

impl AllocatorConfig {
    /// Without any type.
    pub fn new() -> AllocatorConfig {
        AllocatorConfig::default()
    }

    /// Adds a type.
    pub fn with(mut self, descriptor: Descriptor) -> AllocatorConfig {
        self.types.push(descriptor);
        self
    }

    /// Most threads that work side by side in a pool: a power of two up to 64.
    pub fn lanes(mut self, lanes: u32) -> AllocatorConfig {
        self.lanes = lanes;
        self
    }

    /// The hosted backend does as if memory could not be mapped twice: for
    /// tests, and to see what another system would do.
    pub fn no_alias(mut self) -> AllocatorConfig {
        self.flags |= sys::IOMM_ALLOCATOR_NO_ALIAS;
        self
    }
}

impl FromIterator<Descriptor> for AllocatorConfig {
    fn from_iter<I: IntoIterator<Item = Descriptor>>(types: I) -> AllocatorConfig {
        AllocatorConfig {
            types: types.into_iter().collect(),
            ..AllocatorConfig::default()
        }
    }
}

/// What C holds of an allocator, until its last hook has been called.
struct Owner<B> {
    backend: B,
    _hooks: Vec<Arc<Hooks>>,
}

handle! {
    /// Descriptors and their pools. Types and live allocations hold it, so that
    /// nothing is unmapped in which code may be running.
    Allocator, iomm_allocator, iomm_allocator_get, iomm_allocator_put
}

impl Allocator {
    /// An allocator on the memory of the system.
    /// [`EOPNOTSUPP`](crate::Code::EOPNOTSUPP) when the system refuses memory
    /// that was writable to be executable, in every way that is known.
    pub fn create(ctx: &Context, config: AllocatorConfig) -> Result<Allocator> {
        Allocator::make(ctx, config, None, ())
    }

    /// An allocator on memory of the caller's, whose backend is dropped after
    /// its last call, or when this fails.
    pub fn with_backend<B: Backend>(
        ctx: &Context,
        config: AllocatorConfig,
        backend: B,
    ) -> Result<Allocator> {
        let ops = backend::ops(&backend);
        Allocator::make(ctx, config, Some(&ops), backend)
    }

    /// `ops` are those of `B`.
    fn make<B: Send + Sync + 'static>(
        ctx: &Context,
        config: AllocatorConfig,
        ops: Option<&sys::iomm_alloc_backend_ops>,
        backend: B,
    ) -> Result<Allocator> {
        let types = Types::new(config.types);
        let c = sys::iomm_allocator_config {
            size: text::size_of::<sys::iomm_allocator_config>(),
            flags: config.flags,
            lanes: config.lanes,
            type_count: text::room(&types.raw),
            type_stride: text::size_of::<sys::iomm_alloc_desc>(),
            reserved: 0,
            types: types.raw.as_ptr(),
        };
        let owner = Owner {
            backend,
            _hooks: types.hooks.clone(),
        };
        ctx.call(|| {
            let data = Box::into_raw(Box::new(owner));
            let mut raw = ptr::null_mut();
            // SAFETY: config, descriptors and ranges live during the call,
            // which copies them; the hooks are those of the data that they
            // come with, and `release_box` takes it back, once, also on
            // failure.
            ctx.done(unsafe {
                sys::iomm_allocator_create(
                    ctx.as_raw(),
                    &c,
                    ops.map_or(ptr::null(), ptr::from_ref),
                    data.cast(),
                    Some(release_box::<Owner<B>>),
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Allocator::from_raw(raw, ctx) })
        })
    }

    /// A handle to one type. [`ENOENT`](crate::Code::ENOENT) when no descriptor
    /// is of that kind.
    pub fn alloc_type(&self, kind: Kind) -> Result<AllocType> {
        let ctx = self.context();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the handle is alive, and so is what is written to.
            ctx.done(unsafe { sys::iomm_allocator_type(self.as_raw(), kind.raw(), &mut raw) })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { AllocType::from_raw(raw, ctx) })
        })
    }

    /// Allocates all parts of something, such as a module, in one go: all or
    /// none, in the order in which they are named.
    pub fn layout(&self, parts: &[(Kind, usize)]) -> Result<Vec<Allocation>> {
        let ctx = self.context();
        // All that can fail comes before there is something to lose.
        let types = parts
            .iter()
            .map(|(kind, _)| self.alloc_type(*kind))
            .collect::<Result<Vec<_>>>()?;
        let mut raw: Vec<_> = parts
            .iter()
            .map(|(kind, bytes)| sys::iomm_alloc_part {
                size: text::size_of::<sys::iomm_alloc_part>(),
                type_: kind.raw(),
                bytes: *bytes as u64,
                ..Default::default()
            })
            .collect();
        let mut placed = Vec::with_capacity(parts.len());
        ctx.call(|| {
            // SAFETY: the handle is alive, and there are as many parts.
            ctx.done(unsafe {
                sys::iomm_allocator_layout(
                    self.as_raw(),
                    raw.as_mut_ptr(),
                    text::size_of::<sys::iomm_alloc_part>(),
                    text::room(&raw),
                )
            })?;
            for ((of, part), (_, bytes)) in types.iter().zip(&raw).zip(parts) {
                // SAFETY: on success each part is memory of its type and size,
                // and ours.
                placed.push(unsafe { Allocation::from_raw(of, part.address.cast(), *bytes) });
            }
            Ok(())
        })?;
        Ok(placed)
    }

    /// The allocation that an address lies in, if it lies in one.
    pub fn find(&self, address: u64) -> Result<Option<AllocationInfo>> {
        let ctx = self.context();
        let Ok(address) = usize::try_from(address) else {
            return Ok(None);
        };
        let mut found = AllocationInfo::empty();
        let answer = ctx.call(|| {
            // SAFETY: the handle is alive, and the struct as large as it says;
            // the address is only compared.
            ctx.done(unsafe {
                sys::iomm_allocator_find(
                    self.as_raw(),
                    ptr::without_provenance(address),
                    &mut found,
                )
            })
        });
        found_or_none(answer, &found)
    }

    /// What the allocator found where it runs.
    pub fn info(&self) -> AllocatorInfo {
        let mut info = AllocatorInfo::empty();
        // SAFETY: legal anywhere; the handle is alive, and the struct as large
        // as it says.
        let answer =
            boundary::call(|| unsafe { sys::iomm_allocator_info(self.as_raw(), &mut info) });
        debug_assert_eq!(answer, 0, "a live handle has its info");
        AllocatorInfo::from_c(&info)
    }

    /// Gives back what is kept for the next allocation. What could not be given
    /// back is still there to be used.
    pub fn trim(&self) -> Result<()> {
        let ctx = self.context();
        // SAFETY: the handle is alive.
        ctx.call(|| ctx.done(unsafe { sys::iomm_allocator_trim(self.as_raw()) }))
    }
}

impl fmt::Debug for Allocator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Allocator")
            .field("info", &self.info())
            .finish_non_exhaustive()
    }
}
