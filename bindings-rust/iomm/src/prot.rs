// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a mapping allows.

use bitflags::bitflags;
use iomm_sys as sys;

bitflags! {
    /// What a mapping allows and how its memory is cached. The names are
    /// Linux's, except that execution must be asked for.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    #[repr(transparent)]
    pub struct Prot: u32 {
        /// The device may read.
        const READ = sys::IOMM_PROT_READ;
        /// The device may write.
        const WRITE = sys::IOMM_PROT_WRITE;
        /// The device may fetch instructions.
        const EXEC = sys::IOMM_PROT_EXEC;
        /// Normal memory, write-back, shareable.
        const CACHE = sys::IOMM_PROT_CACHE;
        /// Device memory: no gathering, no cache.
        const MMIO = sys::IOMM_PROT_MMIO;
        /// Privileged accesses only.
        const PRIV = sys::IOMM_PROT_PRIV;
    }
}
