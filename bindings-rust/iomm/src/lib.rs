// SPDX-License-Identifier: MIT OR Apache-2.0
//! I/O memory management outside the kernel: devices with correct lifetimes
//! and probe order, IOMMU domains, and I/O page tables in hardware formats.
//! This crate is the safe side of the C library `libiomm`.
//!
//! - [`Context`] is the root of everything; it reads a machine's description
//!   ([`Firmware`]), which has [`Bus`]es with [`Device`]s.
//! - [`Iommu`] instances are registered with a driver: an [`IommuDriver`]
//!   written in Rust, or the one that is built into the software IOMMU,
//!   [`Soft`].
//! - A [`Domain`] is an I/O address space. It is attached to devices; memory
//!   is mapped into it, and unmapped through a [`Gather`], so that nothing is
//!   reused before hardware has forgotten it.
//! - Page-table formats are known by name. One can be written in Rust, as a
//!   [`Codec`], and brought by a [`Plugin`].
//! - Who drives the hardware himself uses [`PageTable`]s, or
//!   [`SharedPageTable`]s where several threads work on one.
//! - An [`Allocator`](allocator::Allocator) gives memory by what it is for:
//!   code, for JIT compilers and loaders, and its data.
//! - Several parties take numbers from one [`IoasidSpace`], as PASIDs are, each
//!   through an [`IoasidSet`] that knows the type of its data.
//!
//! # Handles
//!
//! [`Clone`] takes a reference and [`Drop`] gives it back, on any thread and
//! in any callback. What a handle needs it holds, so nothing has a lifetime
//! parameter. A handle keeps memory alive, but not a device present: that is
//! what [`Device::enter`] is for.
//!
//! # Callbacks
//!
//! Inside a callback nothing waits: a call that would answers
//! [`Code::EDEADLK`].
//!
//! Some callbacks are atomic hooks (the flushes of [`IommuDriver`] and
//! [`TlbOps`], `sync` and `to_virt` of [`TableMemoryProvider`]), and so are
//! the closures of [`ContextBuilder`]. There almost every call is refused with
//! [`Code::EDEADLK`]; their documentation says which are not. Handles may be
//! dropped there as well.
//!
//! A callback that panics answers [`Code::EPROTO`] to the library, if it has an
//! answer, and the panic is resumed when the outermost call of this crate on
//! that thread returns. The process aborts, after a sentence on standard error,
//! when there is no such call (the thread came from C); in atomic hooks other
//! than the closures of [`ContextBuilder`]; and in
//! [`block`](IommuDriver::block) and
//! [`attach_commit`](IommuDriver::attach_commit), since a device that is not
//! blocked when the library believes so reaches memory that is freed next.
//!
//! # What is safe
//!
//! Nothing that safe code can do here lets C touch memory that is not its own.
//! Mapping memory does not touch it, so it is safe too. Hardware does: whoever
//! lets real hardware walk a table, for which his driver needs `unsafe`,
//! vouches for what its users map.
//!
//! # Without `std`
//!
//! With `default-features = false` the crate needs only `alloc`. The closures
//! of [`ContextBuilder`] are then not there, every panic in a callback aborts,
//! and it is the library alone that refuses what a hook must not call.
#![no_std]

extern crate alloc;
#[cfg(feature = "std")]
extern crate std;

pub mod allocator;
mod boundary;
mod bus;
mod codec;
mod ctx;
mod device;
mod domain;
mod error;
#[cfg(feature = "std")]
mod events;
mod firmware;
pub mod format;
mod fwspec;
mod gather;
mod group;
mod handle;
mod ioasid;
mod iommu;
mod memory;
mod pci;
mod pgtable;
pub mod plugin;
mod prot;
mod soft;
mod static_firmware;
mod table_memory;
mod text;

pub use bus::Bus;
pub use codec::{Codec, Dirty, Kind, Layout, Registers, Start, TableFlags};
pub use ctx::{Context, ContextBuilder, HandleKind, LogLevel};
pub use device::{Device, DeviceConfig, DeviceGuard, DeviceId, DeviceState};
pub use domain::{Domain, DomainConfig, DomainType};
pub use error::{Code, Error, Result};
#[cfg(feature = "std")]
pub use firmware::LinuxFlags;
pub use firmware::{Firmware, Node, NodeFlags, NodeInfo, Nodes};
pub use format::{Format, FormatInfo, FormatSlot, FormatState, FormatSubscription};
pub use fwspec::{
    DeviceLimits, DmaRange, Fwspec, FwspecFlags, Place, RegionKind, ReservedRegion, Specifier,
};
pub use gather::Gather;
pub use group::{Group, GroupInfo};
pub use ioasid::{
    Ioasid, IoasidAllocator, IoasidAllocatorHandle, IoasidEvent, IoasidEventKind, IoasidHold,
    IoasidHost, IoasidInfo, IoasidOrder, IoasidSet, IoasidSetConfig, IoasidSetInfo, IoasidSpace,
    IoasidSpaceInfo, IoasidState, IoasidSubscriber, IoasidSubscription, Pasid, PasidDriver,
};
pub use iommu::{
    DomainSetup, Fault, FaultReason, FlushRange, Iommu, IommuConfig, IommuDriver, ProbeInfo, Slots,
};
pub use memory::GuestMemory;
pub use pci::{Pci, PciFunction, PciId, PciKind};
pub use pgtable::{
    Extent, Extents, MapOptions, PageTable, PageTableConfig, PageTableInfo, Partial, Reservation,
    Segment, SharedCursor, SharedPageTable, TableCursor, TableGather, TableView, TlbOps,
    Translation, WalkEntry, WalkKind,
};
pub use plugin::Plugin;
pub use prot::Prot;
pub use soft::{DmaError, DmaSource, Soft, SoftConfig, SoftContext, SoftDriver, SoftStats};
pub use static_firmware::{StaticFirmware, StaticId, StaticNode};
pub use table_memory::{Table, TableMemory, TableMemoryProvider};

/// The version of the library that is running: major and minor.
pub fn version() -> (u16, u16) {
    // SAFETY: legal anywhere.
    let version = unsafe { iomm_sys::iomm_version() };
    ((version >> 16) as u16, version as u16)
}
