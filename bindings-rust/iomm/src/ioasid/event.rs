// SPDX-License-Identifier: MIT OR Apache-2.0
//! Events: who is told what happens to IDs.

use super::{IoasidSet, IoasidSpace, id};
use crate::boundary::{self, Hook, callback};
use crate::error::Result;
use crate::handle::numbers;
use alloc::boxed::Box;
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use core::fmt;
use core::ptr::{self, NonNull};
use iomm_sys as sys;

numbers! {
    /// What happens to an ID.
    IoasidEventKind {
        /// It exists; nobody knows it yet.
        ALLOC = IOMM_IOASID_ALLOC, "alloc";
        /// Idle becomes active: the first bind.
        BIND = IOMM_IOASID_BIND, "bind";
        /// Active becomes idle: the last unbind.
        UNBIND = IOMM_IOASID_UNBIND, "unbind";
        /// Pending: stop using it, and drop references.
        FREE = IOMM_IOASID_FREE, "free";
    }
}

numbers! {
    /// The order in which subscribers are told; within one, first come first
    /// served.
    IoasidOrder {
        /// Who loads IDs into processors.
        CPU = IOMM_IOASID_CPU, "CPU";
        /// Who has them in IOMMU tables.
        IOMMU = IOMM_IOASID_IOMMU, "IOMMU";
        /// Who programs them into devices.
        DEVICE = IOMM_IOASID_DEVICE, "device";
    }
}

/// What a subscriber is told.
pub struct IoasidEvent<'a> {
    space: &'a IoasidSpace,
    kind: IoasidEventKind,
    id: u32,
    type_tag: u64,
    kept: Cell<bool>,
}

impl IoasidEvent<'_> {
    /// What happens.
    pub fn kind(&self) -> IoasidEventKind {
        self.kind
    }

    /// To which ID.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// The type tag of its set.
    pub fn type_tag(&self) -> u64 {
        self.type_tag
    }

    /// Says that the subscriber still works on an ID that was freed: its number
    /// is not used again before what this gives is dropped, by whatever thread.
    /// `None` when the event is another, or at the second call.
    pub fn keep(&self) -> Option<IoasidHold> {
        if self.kind != IoasidEventKind::FREE || self.kept.replace(true) {
            return None;
        }
        Some(IoasidHold {
            space: self.space.clone(),
            id: self.id,
        })
    }
}

impl fmt::Debug for IoasidEvent<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidEvent")
            .field("kind", &self.kind)
            .field("id", &self.id)
            .field("type_tag", &self.type_tag)
            .finish_non_exhaustive()
    }
}

/// Keeps the number of an ID that was freed from being used again; see
/// [`IoasidEvent::keep`].
#[must_use = "the number may be used again as soon as this is dropped"]
pub struct IoasidHold {
    space: IoasidSpace,
    id: u32,
}

impl IoasidHold {
    /// The number.
    pub fn id(&self) -> u32 {
        self.id
    }
}

impl Drop for IoasidHold {
    fn drop(&mut self) {
        id::put(&self.space, self.id);
    }
}

impl fmt::Debug for IoasidHold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IoasidHold").field(&self.id).finish()
    }
}

/// Who wants to know what happens to IDs. A closure is one.
pub trait IoasidSubscriber: Send + Sync + 'static {
    /// Something happens. Events of a space come one at a time, and whoever
    /// causes one waits until all subscribers have been told, so this may take
    /// its time. It may look IDs up and set data; what would cause another
    /// event answers [`Code::EDEADLK`](crate::Code::EDEADLK).
    fn event(&self, event: &IoasidEvent<'_>);
}

impl<F: Fn(&IoasidEvent<'_>) + Send + Sync + 'static> IoasidSubscriber for F {
    fn event(&self, event: &IoasidEvent<'_>) {
        self(event);
    }
}

impl IoasidSpace {
    /// Has a subscriber told what happens to all IDs of the space from now on,
    /// until what this gives is dropped.
    pub fn subscribe<S: IoasidSubscriber>(
        &self,
        order: IoasidOrder,
        subscriber: S,
    ) -> Result<IoasidSubscription> {
        // SAFETY: no set is all of them.
        unsafe { subscribe(self, None, order, subscriber) }
    }
}

impl<T: Send + Sync + 'static> IoasidSet<T> {
    /// As [`IoasidSpace::subscribe`], for the IDs of this set. What this gives
    /// holds the set.
    pub fn subscribe<S: IoasidSubscriber>(
        &self,
        order: IoasidOrder,
        subscriber: S,
    ) -> Result<IoasidSubscription> {
        // SAFETY: the set is alive, and of this space.
        unsafe { subscribe(self.space(), NonNull::new(self.as_raw()), order, subscriber) }
    }
}

/// What C calls the subscriber with. Not generic, so that every subscription is
/// made with the same function, and told from others by its data alone.
struct Data {
    subscriber: Box<dyn IoasidSubscriber>,
    /// Not a reference: the subscription does not keep the space.
    space: NonNull<sys::iomm_ioasid_space>,
    ctx: NonNull<sys::iomm_ctx>,
}

/// # Safety
///
/// The set is alive, and of the space.
unsafe fn subscribe<S: IoasidSubscriber>(
    space: &IoasidSpace,
    set: Option<NonNull<sys::iomm_ioasid_set>>,
    order: IoasidOrder,
    subscriber: S,
) -> Result<IoasidSubscription> {
    let ctx = space.context();
    ctx.call(|| {
        let raw = |what| NonNull::new(what).expect("handles are not NULL");
        let data = Box::into_raw(Box::new(Data {
            subscriber: Box::new(subscriber),
            space: raw(space.as_raw()),
            ctx: NonNull::new(ctx.as_raw()).expect("handles are not NULL"),
        }));
        let of = set.map_or(ptr::null_mut(), NonNull::as_ptr);
        // SAFETY: space and set are alive; `notify` takes `data`, and `release`
        // takes it back, once, also on failure.
        ctx.done(unsafe {
            sys::iomm_ioasid_subscribe(
                space.as_raw(),
                of,
                order.raw(),
                Some(notify),
                data.cast(),
                Some(release),
            )
        })?;
        // SAFETY: we may take a reference on what is alive.
        unsafe { sys::iomm_ioasid_set_get(of) };
        Ok(IoasidSubscription {
            made: Some(Made {
                space: space.as_raw(),
                set: of,
                data: data.cast(),
            }),
            space: space.clone(),
        })
    })
}

unsafe extern "C" fn notify(data: *mut c_void, event: *const sys::iomm_ioasid_event) -> c_int {
    // SAFETY: C hands us our data, which lives until it is released, and an
    // event that is valid during the call. During an event its space is there,
    // and we may take a reference.
    let (data, event, space) = unsafe {
        let data = &*data.cast::<Data>();
        let ctx = crate::Context::from_raw(sys::iomm_ctx_get(data.ctx.as_ptr()));
        let space = sys::iomm_ioasid_space_get(data.space.as_ptr());
        (data, &*event, IoasidSpace::from_raw(space, &ctx))
    };
    let event = IoasidEvent {
        space: &space,
        kind: IoasidEventKind::from_raw(event.event),
        id: event.id,
        type_tag: event.type_,
        kept: Cell::new(false),
    };
    callback(Hook::Plain, (), || data.subscriber.event(&event));
    // Also when it has panicked: somebody has what it kept.
    if event.kept.get() {
        -(sys::IOMM_EAGAIN as c_int)
    } else {
        0
    }
}

unsafe extern "C" fn release(data: *mut c_void) {
    callback(Hook::Plain, (), || {
        // SAFETY: what was given with `notify`, handed back once.
        drop(unsafe { Box::from_raw(data.cast::<Data>()) });
    });
}

/// What a subscription was made with, by which C knows it; a reference on the
/// set, if it is of one.
#[derive(Clone, Copy)]
struct Made {
    space: *mut sys::iomm_ioasid_space,
    set: *mut sys::iomm_ioasid_set,
    data: *mut c_void,
}

impl Made {
    /// # Safety
    ///
    /// The space is alive, and this has not succeeded before.
    unsafe fn end(self) -> c_int {
        // SAFETY: the caller's promise; the set is alive since we hold it. When
        // the subscription has ended with the context, there is none.
        unsafe { sys::iomm_ioasid_unsubscribe(self.space, self.set, Some(notify), self.data) }
    }

    /// # Safety
    ///
    /// Once, after the subscription has ended.
    unsafe fn put(self) {
        // SAFETY: the reference is ours; NULL is none.
        unsafe { sys::iomm_ioasid_set_put(self.set) };
    }
}

/// A subscription, which ends when this is dropped; it then waits for an event
/// that is being told. In a callback, where nothing waits, it ends as soon as
/// the outermost call on that thread has returned.
#[must_use = "the subscription ends as soon as this is dropped"]
pub struct IoasidSubscription {
    /// `None`: it has ended.
    made: Option<Made>,
    space: IoasidSpace,
}

// SAFETY: the pointers stand for counted handles, which may be used on any
// thread, and for a subscriber that may be too.
unsafe impl Send for IoasidSubscription {}
// SAFETY: as above; there is nothing to do with a shared one.
unsafe impl Sync for IoasidSubscription {}

impl IoasidSubscription {
    /// Ends it, and says whether that could be done; if not, it has not ended,
    /// and ends when it can.
    pub fn end(mut self) -> Result<()> {
        let Some(made) = self.made else {
            return Ok(());
        };
        let ctx = self.space.context().clone();
        // SAFETY: we hold the space, and this is the only end that succeeds.
        ctx.call(|| ctx.done(unsafe { made.end() }))?;
        self.made = None;
        // SAFETY: it has just ended.
        boundary::give_back(move || unsafe { made.put() });
        Ok(())
    }
}

impl Drop for IoasidSubscription {
    fn drop(&mut self) {
        let Some(made) = self.made.take() else {
            return;
        };
        // For as long as it takes.
        // SAFETY: we hold a reference.
        unsafe { sys::iomm_ioasid_space_get(made.space) };
        // SAFETY: as in `end`, and the reference is given back once.
        let finish = move || unsafe {
            made.put();
            sys::iomm_ioasid_space_put(made.space);
        };
        boundary::give_back(move || {
            // SAFETY: the space is held.
            if unsafe { made.end() } != -(sys::IOMM_EDEADLK as c_int) {
                finish();
                return;
            }
            boundary::later(move || {
                // SAFETY: as above. If it cannot end here either, it ends with
                // the space.
                unsafe { made.end() };
                finish();
            });
        });
    }
}

impl fmt::Debug for IoasidSubscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IoasidSubscription").finish_non_exhaustive()
    }
}
