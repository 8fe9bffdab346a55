// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sets: one party's share of a space, with its kind of data.

use super::id::{self, Ioasid, IoasidInfo};
use super::{IoasidSpace, ends};
use crate::boundary::{Hook, callback};
use crate::ctx::Context;
use crate::error::{BROKEN, Error, Result};
use crate::handle::handle;
use crate::text;
use alloc::sync::Arc;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::marker::PhantomData;
use core::ops::{ControlFlow, RangeInclusive};
use core::ptr;
use iomm_sys as sys;

/// What a set is. Without more: no quota, type 0.
#[derive(Clone, Copy, Debug, Default)]
#[must_use]
pub struct IoasidSetConfig {
    quota: u32,
    type_tag: u64,
}

impl IoasidSetConfig {
    /// A set that may have whatever no quota reserves.
    pub fn new() -> IoasidSetConfig {
        IoasidSetConfig::default()
    }

    /// IDs that are kept back for this set, and the most that it may have.
    pub fn quota(mut self, ids: u32) -> IoasidSetConfig {
        self.quota = ids;
        self
    }

    /// A tag of the user's, for subscribers.
    pub fn type_tag(mut self, tag: u64) -> IoasidSetConfig {
        self.type_tag = tag;
        self
    }

    pub(super) fn to_c(self) -> sys::iomm_ioasid_set_config {
        sys::iomm_ioasid_set_config {
            size: text::size_of::<sys::iomm_ioasid_set_config>(),
            quota: self.quota,
            type_: self.type_tag,
            ..Default::default()
        }
    }
}

/// What a set holds at the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IoasidSetInfo {
    /// As it was made with; 0: none.
    pub quota: u32,
    /// IDs that count against it: allocated, pending, or on their way back.
    pub taken: u32,
    /// As it was made with.
    pub type_tag: u64,
}

handle! {
    /// The handle below the types.
    SetHandle, iomm_ioasid_set, iomm_ioasid_set_get, iomm_ioasid_set_put
}

/// One party's share of an [`IoasidSpace`], whose IDs have private data of type
/// `T`. What is looked up through a set is an ID of that set or an error, so
/// nobody is ever given another party's data:
///
/// ```
/// # use iomm::{Code, Context, IoasidSet, IoasidSetConfig, IoasidSpace};
/// # let ctx = Context::new()?;
/// # let space = IoasidSpace::create(&ctx, 1..=100)?;
/// let names: IoasidSet<String> = IoasidSet::create(&space, &IoasidSetConfig::new())?;
/// let sizes: IoasidSet<u64> = IoasidSet::create(&space, &IoasidSetConfig::new())?;
/// let id = names.alloc(1..=100, "guest".into())?;
/// assert_eq!(sizes.find(id).unwrap_err().code(), Code::EACCES);
/// let name: Option<String> = names.find(id)?.data().cloned();
/// assert_eq!(name.as_deref(), Some("guest"));
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// ```compile_fail,E0308
/// # use iomm::{Code, Context, IoasidSet, IoasidSetConfig, IoasidSpace};
/// # let ctx = Context::new()?;
/// # let space = IoasidSpace::create(&ctx, 1..=100)?;
/// let names: IoasidSet<String> = IoasidSet::create(&space, &IoasidSetConfig::new())?;
/// let id = names.alloc(1..=100, "guest".into())?;
/// let name: Option<u64> = names.find(id)?.data().cloned();
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// Data is looked at by several threads at once:
///
/// ```
/// # use iomm::{Context, IoasidSet, IoasidSetConfig, IoasidSpace};
/// # use std::sync::Mutex;
/// # let space = IoasidSpace::create(&Context::new()?, 1..=100)?;
/// let set = IoasidSet::<Mutex<u32>>::create(&space, &IoasidSetConfig::new())?;
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// ```compile_fail,E0277
/// # use iomm::{Context, IoasidSet, IoasidSetConfig, IoasidSpace};
/// # use std::cell::Cell;
/// # let space = IoasidSpace::create(&Context::new()?, 1..=100)?;
/// let set = IoasidSet::<Cell<u32>>::create(&space, &IoasidSetConfig::new())?;
/// # Ok::<(), iomm::Error>(())
/// ```
///
/// [`Clone`] takes a reference. With the last one the IDs that are left are
/// freed; what others hold references on goes with those.
///
/// Where the space has subscribers, calls that cause an event wait for their
/// turn, and answer [`Code::EDEADLK`](crate::Code::EDEADLK) in a callback.
pub struct IoasidSet<T: Send + Sync + 'static> {
    handle: SetHandle,
    space: IoasidSpace,
    /// C has `Arc`s of it.
    data: PhantomData<Arc<T>>,
}

impl<T: Send + Sync + 'static> IoasidSet<T> {
    /// Makes a set. [`Code::ENOSPC`](crate::Code::ENOSPC) when the quota is
    /// more than what is not reserved or taken.
    pub fn create(space: &IoasidSpace, config: &IoasidSetConfig) -> Result<IoasidSet<T>> {
        let ctx = space.context();
        let config = config.to_c();
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the space is alive, the config is copied, and all data
            // that the set will be given is what `release` takes.
            ctx.done(unsafe {
                sys::iomm_ioasid_set_create(space.as_raw(), &config, Some(release::<T>), &mut raw)
            })?;
            // SAFETY: on success the reference is ours, and nobody else gives
            // the set data.
            Ok(unsafe { IoasidSet::from_raw(raw, space) })
        })
    }

    /// # Safety
    ///
    /// `raw` is a set of the space, comes with a reference that nobody else
    /// will put, and was made with `release::<T>`.
    pub(super) unsafe fn from_raw(
        raw: *mut sys::iomm_ioasid_set,
        space: &IoasidSpace,
    ) -> IoasidSet<T> {
        IoasidSet {
            // SAFETY: the caller's promise.
            handle: unsafe { SetHandle::from_raw(raw, space.context()) },
            space: space.clone(),
            data: PhantomData,
        }
    }

    /// The C handle, for calls that this crate does not wrap. It is valid as
    /// long as `self`. To give the set data of one's own making is undefined.
    pub fn as_raw(&self) -> *mut sys::iomm_ioasid_set {
        self.handle.as_raw()
    }

    /// The context that the set belongs to.
    pub fn context(&self) -> &Context {
        self.handle.context()
    }

    /// The space that its IDs come from.
    pub fn space(&self) -> &IoasidSpace {
        &self.space
    }

    /// What the set holds at the moment.
    pub fn info(&self) -> Result<IoasidSetInfo> {
        let mut c = sys::iomm_ioasid_set_info {
            size: text::size_of::<sys::iomm_ioasid_set_info>(),
            ..Default::default()
        };
        // SAFETY: the handle is alive, and the struct as large as it says.
        self.done(|set| unsafe { sys::iomm_ioasid_set_info(set, &mut c) })?;
        Ok(IoasidSetInfo {
            quota: c.quota,
            taken: c.taken,
            type_tag: c.type_,
        })
    }

    fn done(&self, call: impl FnOnce(*mut sys::iomm_ioasid_set) -> c_int) -> Result<()> {
        let ctx = self.context();
        ctx.call(|| ctx.done(call(self.as_raw())))
    }

    /// Takes an ID: the lowest in the range that is free, or the one that the
    /// active custom allocator answers. Both ends of the range may reach beyond
    /// the space's. It is the caller's until [`free`](Self::free).
    pub fn alloc(&self, range: RangeInclusive<u32>, data: T) -> Result<u32> {
        self.take(range, into_c(data))
    }

    /// As [`alloc`](Self::alloc), without data, until that is
    /// [set](Self::set_data).
    pub fn alloc_empty(&self, range: RangeInclusive<u32>) -> Result<u32> {
        self.take(range, ptr::null_mut)
    }

    fn take(&self, range: RangeInclusive<u32>, data: impl FnOnce() -> *mut c_void) -> Result<u32> {
        let (min, max) = ends(&range)?;
        let mut id = 0;
        // SAFETY: the handle is alive; data is what `release::<T>` takes, once,
        // also on failure.
        self.done(|set| unsafe { sys::iomm_ioasid_alloc(set, min, max, data(), &mut id) })?;
        Ok(id)
    }

    /// Gives an ID back. When nobody else holds a reference it goes at once,
    /// and its data is dropped by the last look-up that is inside. Else it is
    /// pending, and goes with the last reference.
    /// [`Code::EBUSY`](crate::Code::EBUSY): freed already, and pending.
    pub fn free(&self, id: u32) -> Result<()> {
        // SAFETY: the handle is alive.
        self.done(|set| unsafe { sys::iomm_ioasid_free(set, id) })
    }

    /// Hands out no more IDs; the quota goes back to the space with the last
    /// ID. [`Code::EBUSY`](crate::Code::EBUSY), and nothing was done, when IDs
    /// are left.
    pub fn close(&self) -> Result<()> {
        // SAFETY: the handle is alive.
        self.done(|set| unsafe { sys::iomm_ioasid_set_free(set, 0) })
    }

    /// As [`close`](Self::close), but frees the IDs that are left.
    pub fn drain(&self) -> Result<()> {
        // SAFETY: the handle is alive.
        self.done(|set| unsafe { sys::iomm_ioasid_set_free(set, sys::IOMM_IOASID_DRAIN) })
    }

    /// Takes a reference on an ID, which keeps it, and its data as it is now.
    /// [`Code::ENOENT`](crate::Code::ENOENT): not an ID.
    /// [`Code::EACCES`](crate::Code::EACCES): another set's.
    /// [`Code::EBUSY`](crate::Code::EBUSY): pending.
    pub fn find(&self, id: u32) -> Result<Ioasid<T>> {
        let ctx = self.context();
        ctx.call(|| {
            let mut data = ptr::null_mut();
            // SAFETY: both handles are alive, and so is what is written to.
            ctx.done(unsafe {
                sys::iomm_ioasid_find(self.space.as_raw(), self.as_raw(), id, &mut data)
            })?;
            // SAFETY: the ID is of this set, so its data is an `Arc<T>` of
            // ours or none, and stays as long as the reference, which is ours.
            Ok(unsafe { Ioasid::new(self, id, shared(data)) })
        })
    }

    /// Looks an ID up and calls `look` with its data, without a lock and
    /// without a word that other threads look at. A pending ID is found.
    ///
    /// `look` runs as the closure of a [`ContextBuilder`](crate::ContextBuilder)
    /// does: what it asks of the library is refused. It should be short:
    /// what is replaced or freed meanwhile waits for it.
    pub fn find_with<R>(&self, id: u32, look: impl FnOnce(Option<&T>) -> R) -> Result<R> {
        let mut visit = Look {
            look: Some(look),
            seen: None,
            data: PhantomData::<T>,
        };
        let arg = ptr::from_mut(&mut visit).cast();
        let show = visit.shower();
        // SAFETY: both handles are alive. The ID is of this set, so its data is
        // an `Arc<T>` of ours or none; `visit` lives during the call.
        self.done(|set| unsafe {
            sys::iomm_ioasid_find_with(self.space.as_raw(), set, id, show, arg)
        })?;
        visit.seen.ok_or_else(panicked)
    }

    /// Replaces the data of an ID. Never waits: the old data is dropped by the
    /// last look-up that is inside, and with the last reference on the ID.
    pub fn set_data(&self, id: u32, data: T) -> Result<()> {
        let data = into_c(data);
        // SAFETY: the handle is alive; data is what `release::<T>` takes, once,
        // also on failure.
        self.done(|set| unsafe { sys::iomm_ioasid_set_data(set, id, data()) })
    }

    /// Takes the data of an ID away.
    pub fn clear_data(&self, id: u32) -> Result<()> {
        // SAFETY: the handle is alive, and no data is fine.
        self.done(|set| unsafe { sys::iomm_ioasid_set_data(set, id, ptr::null_mut()) })
    }

    /// What there is to know of an ID.
    pub fn id_info(&self, id: u32) -> Result<IoasidInfo> {
        // SAFETY: both handles are alive.
        unsafe { id::info(&self.space, self.as_raw(), id) }
    }

    /// Notes that the ID is bound to something; the first makes it active. The
    /// binding owns a reference until [`unbind`](Self::unbind).
    pub fn bind(&self, id: u32) -> Result<()> {
        // SAFETY: both handles are alive.
        self.done(|set| unsafe { sys::iomm_ioasid_bind(self.space.as_raw(), set, id) })
    }

    /// Undoes one [`bind`](Self::bind), also of an ID that is pending.
    pub fn unbind(&self, id: u32) -> Result<()> {
        // SAFETY: both handles are alive.
        self.done(|set| unsafe { sys::iomm_ioasid_unbind(self.space.as_raw(), set, id) })
    }

    /// Gives an ID a set-private one beside it: the number that a guest knows
    /// it by. It goes with the ID. [`Code::EEXIST`](crate::Code::EEXIST): the
    /// ID has one, or another ID of the set has this one.
    pub fn attach_private_id(&self, id: u32, private: u64) -> Result<()> {
        // SAFETY: the handle is alive.
        self.done(|set| unsafe { sys::iomm_ioasid_attach_spid(set, id, private) })
    }

    /// Takes a set-private ID away from its ID.
    pub fn detach_private_id(&self, private: u64) -> Result<()> {
        // SAFETY: the handle is alive.
        self.done(|set| unsafe { sys::iomm_ioasid_detach_spid(set, private) })
    }

    /// The ID that has a set-private one.
    pub fn find_private_id(&self, private: u64) -> Result<u32> {
        let mut id = 0;
        // SAFETY: the handle is alive, and so is what is written to.
        self.done(|set| unsafe { sys::iomm_ioasid_find_spid(set, private, &mut id) })?;
        Ok(id)
    }

    /// Calls `visit` for each ID that is not pending, in ascending order, until
    /// it breaks. It may free the ID that it is called for, or any other; what
    /// is added meanwhile may be missed.
    pub fn for_each<B>(
        &self,
        visit: impl FnMut(u32, Option<&T>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>> {
        each(self.context(), visit, |visit, arg| {
            // SAFETY: the handle is alive, and so is what `visit` is called
            // with; the data of this set's IDs is of type `T`.
            unsafe { sys::iomm_ioasid_for_each(self.as_raw(), visit, arg) }
        })
    }
}

impl<T: Send + Sync + 'static> Clone for IoasidSet<T> {
    fn clone(&self) -> IoasidSet<T> {
        IoasidSet {
            handle: self.handle.clone(),
            space: self.space.clone(),
            data: PhantomData,
        }
    }
}

impl<T: Send + Sync + 'static> PartialEq for IoasidSet<T> {
    /// Is it the same set?
    fn eq(&self, other: &IoasidSet<T>) -> bool {
        self.handle == other.handle
    }
}

impl<T: Send + Sync + 'static> Eq for IoasidSet<T> {}

impl<T: Send + Sync + 'static> fmt::Debug for IoasidSet<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidSet").finish_non_exhaustive()
    }
}

// Data, as C has it: an `Arc` that has been turned into a pointer.

/// Called when C is certain to get it: a call that is refused before drops it.
pub(super) fn into_c<T>(data: T) -> impl FnOnce() -> *mut c_void {
    move || Arc::into_raw(Arc::new(data)).cast_mut().cast()
}

pub(super) unsafe extern "C" fn release<T>(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        if !data.is_null() {
            // SAFETY: what `into_c` gave, handed back once.
            drop(unsafe { Arc::from_raw(data.cast_const().cast::<T>()) });
        }
    });
}

/// # Safety
///
/// `data` is NULL or what `into_c` of a `T` gave, and is not released meanwhile.
unsafe fn shared<T>(data: *mut c_void) -> Option<Arc<T>> {
    let data = data.cast_const().cast::<T>();
    if data.is_null() {
        return None;
    }
    // SAFETY: it is an `Arc`'s, of which C keeps its own count.
    unsafe {
        Arc::increment_strong_count(data);
        Some(Arc::from_raw(data))
    }
}

/// A closure that panicked in a call below which there is another: that one
/// resumes the panic.
fn panicked() -> Error {
    crate::Code::EPROTO.into()
}

struct Look<F, T, R> {
    look: Option<F>,
    seen: Option<R>,
    data: PhantomData<T>,
}

type ShowFn = Option<unsafe extern "C" fn(*mut c_void, u32, *mut c_void)>;

impl<F: FnOnce(Option<&T>) -> R, T, R> Look<F, T, R> {
    /// The function that C calls with this one.
    fn shower(&self) -> ShowFn {
        Some(show_data::<F, T, R>)
    }
}

unsafe extern "C" fn show_data<F: FnOnce(Option<&T>) -> R, T, R>(
    arg: *mut c_void,
    _id: u32,
    data: *mut c_void,
) {
    // SAFETY: C hands us the argument of the call that we are in, and data that
    // stays until we return.
    let (visit, data) = unsafe {
        (
            &mut *arg.cast::<Look<F, T, R>>(),
            data.cast_const().cast::<T>().as_ref(),
        )
    };
    callback(Hook::Event, (), || {
        visit.seen = visit.look.take().map(|look| look(data));
    });
}

struct Each<F, T, B> {
    visit: F,
    end: Option<B>,
    data: PhantomData<T>,
}

type VisitFn = Option<unsafe extern "C" fn(*mut c_void, u32, *mut c_void) -> c_int>;

/// Walks, by a call that hands each ID of a set of `T` to a `VisitFn`.
pub(super) fn each<T, B, F>(
    ctx: &Context,
    visit: F,
    walk: impl FnOnce(VisitFn, *mut c_void) -> c_int,
) -> Result<ControlFlow<B>>
where
    F: FnMut(u32, Option<&T>) -> ControlFlow<B>,
{
    let mut each = Each {
        visit,
        end: None,
        data: PhantomData::<T>,
    };
    let arg = ptr::from_mut(&mut each).cast();
    let answer = ctx.call(|| Ok(walk(Some(visit_one::<F, T, B>), arg)))?;
    match each.end {
        Some(end) => Ok(ControlFlow::Break(end)),
        None => ctx.done(answer).map(|()| ControlFlow::Continue(())),
    }
}

unsafe extern "C" fn visit_one<F, T, B>(arg: *mut c_void, id: u32, data: *mut c_void) -> c_int
where
    F: FnMut(u32, Option<&T>) -> ControlFlow<B>,
{
    // SAFETY: C hands us the argument of the call that we are in, and data that
    // is there as we begin; should the closure replace it, it stays as it is
    // ours too.
    let (each, data) = unsafe { (&mut *arg.cast::<Each<F, T, B>>(), shared::<T>(data)) };
    callback(Hook::Plain, BROKEN, || {
        let data = data;
        match (each.visit)(id, data.as_deref()) {
            ControlFlow::Continue(()) => 0,
            ControlFlow::Break(end) => {
                each.end = Some(end);
                BROKEN
            }
        }
    })
}
