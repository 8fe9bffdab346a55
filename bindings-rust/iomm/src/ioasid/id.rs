// SPDX-License-Identifier: MIT OR Apache-2.0
//! One ID: references on it, and what there is to know of it.

use super::{IoasidSet, IoasidSpace};
use crate::boundary;
use crate::error::Result;
use crate::handle::numbers;
use crate::text;
use alloc::sync::Arc;
use core::fmt;
use iomm_sys as sys;

numbers! {
    /// Where an ID stands. One that is free is not found.
    IoasidState {
        /// Allocated, bound to nothing.
        IDLE = IOMM_IOASID_STATE_IDLE, "idle";
        /// Bound to something.
        ACTIVE = IOMM_IOASID_STATE_ACTIVE, "active";
        /// Freed, and not yet let go.
        PENDING = IOMM_IOASID_STATE_PENDING, "pending";
    }
}

/// What there is to know of an ID; a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoasidInfo {
    /// Where it stands.
    pub state: IoasidState,
    /// References, that of the allocation included.
    pub references: u32,
    /// How often it is bound.
    pub binds: u32,
    /// The type tag of its set.
    pub type_tag: u64,
    /// The number that its set knows it by.
    pub private_id: Option<u64>,
}

/// # Safety
///
/// `set` is NULL or alive.
pub(super) unsafe fn info(
    space: &IoasidSpace,
    set: *mut sys::iomm_ioasid_set,
    id: u32,
) -> Result<IoasidInfo> {
    let ctx = space.context();
    let mut c = sys::iomm_ioasid_info {
        size: text::size_of::<sys::iomm_ioasid_info>(),
        ..Default::default()
    };
    ctx.call(|| {
        // SAFETY: the handles are alive, and the struct as large as it says.
        ctx.done(unsafe { sys::iomm_ioasid_info(space.as_raw(), set, id, &mut c) })
    })?;
    Ok(IoasidInfo {
        state: IoasidState::from_raw(c.state),
        references: c.refs,
        binds: c.binds,
        type_tag: c.type_,
        private_id: (c.flags & sys::IOMM_IOASID_HAS_SPID != 0).then_some(c.spid),
    })
}

/// A reference on an ID, from [`IoasidSet::find`]: until it is dropped the
/// number is not used for anything else, also when the ID is freed.
///
/// It shows the data that the ID had when it was found.
pub struct Ioasid<T: Send + Sync + 'static> {
    id: u32,
    data: Option<Arc<T>>,
    set: IoasidSet<T>,
}

impl<T: Send + Sync + 'static> Ioasid<T> {
    /// # Safety
    ///
    /// The caller has a reference on the ID, which is of this set.
    pub(super) unsafe fn new(set: &IoasidSet<T>, id: u32, data: Option<Arc<T>>) -> Ioasid<T> {
        Ioasid {
            id,
            data,
            set: set.clone(),
        }
    }

    /// The number.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its data, if it had any.
    pub fn data(&self) -> Option<&T> {
        self.data.as_deref()
    }

    /// Its data, to keep for longer than the reference.
    pub fn shared_data(&self) -> Option<Arc<T>> {
        self.data.clone()
    }

    /// The ID's set.
    pub fn set(&self) -> &IoasidSet<T> {
        &self.set
    }
}

impl<T: Send + Sync + 'static> Drop for Ioasid<T> {
    fn drop(&mut self) {
        put(self.set.space(), self.id);
    }
}

/// Gives a reference on an ID back, which the caller has.
pub(super) fn put(space: &IoasidSpace, id: u32) {
    let space = space.as_raw();
    // SAFETY: an ID that somebody has a reference on holds its space, so that
    // is there also when it is done later. The reference is the caller's.
    boundary::give_back(move || unsafe { sys::iomm_ioasid_put(space, id) });
}

impl<T: Send + Sync + fmt::Debug + 'static> fmt::Debug for Ioasid<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ioasid")
            .field("id", &self.id)
            .field("data", &self.data)
            .finish_non_exhaustive()
    }
}
