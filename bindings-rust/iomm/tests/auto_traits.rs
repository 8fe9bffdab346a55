// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which types may go to other threads, and which may be cloned. What may not
//! is checked too, in a way that cannot pass for another reason: an inference
//! that has two answers when the type has the trait.

use iomm::allocator::*;
use iomm::*;
use std::cell::Cell;

fn sends_and_shares<T: Send + Sync>() {}
fn sends<T: Send>() {}
fn clones<T: Clone>() {}

macro_rules! lacks {
    ($type:ty: $bound:path) => {{
        trait Ambiguous<A> {
            fn pick() {}
        }
        impl<T: ?Sized> Ambiguous<()> for T {}
        struct HasIt;
        impl<T: ?Sized + $bound> Ambiguous<HasIt> for T {}
        // Two impls fit a type that has the trait, and this does not compile.
        <$type as Ambiguous<_>>::pick();
    }};
}

#[test]
fn handles_are_free() {
    macro_rules! handles {
        ($($type:ty),*) => {$(
            sends_and_shares::<$type>();
            clones::<$type>();
        )*};
    }
    handles!(
        Context,
        Firmware,
        Fwspec,
        Bus,
        Device,
        Group,
        IoasidSpace,
        IoasidSet<String>,
        IoasidHost,
        Pasid<String>,
        Iommu,
        Format,
        TableMemory,
        Domain,
        Soft,
        SharedPageTable,
        Pci,
        Allocator,
        AllocType
    );
    sends_and_shares::<Ioasid<String>>();
    sends_and_shares::<IoasidHold>();
    sends_and_shares::<IoasidSubscription>();
    sends_and_shares::<IoasidAllocatorHandle>();
    sends_and_shares::<DataKey<String>>();
    sends_and_shares::<DeviceDescription>();
    sends_and_shares::<GuestMemory>();
    sends_and_shares::<Error>();
    sends_and_shares::<Gather>();
    sends_and_shares::<SharedCursor>();
    sends_and_shares::<Reservation>();
    sends_and_shares::<Allocation>();
    sends_and_shares::<Allocation<Sealed>>();
    sends_and_shares::<iomm::allocator::Code<extern "C" fn()>>();
    sends_and_shares::<Descriptor>();
    sends_and_shares::<Resource<String>>();
    sends::<Resource<Cell<u8>>>();
    sends::<IoasidEvent<'_>>();
    sends::<PageTable>();
    sends::<TableView>();
    sends::<TableGather<'_>>();
    sends::<TableCursor<'_>>();
}

#[test]
fn the_others_are_bound() {
    lacks!(PageTable: Sync);
    lacks!(PageTable: Clone);
    lacks!(TableView: Sync);
    lacks!(TableView: Clone);
    lacks!(TableGather<'_>: Sync);
    lacks!(TableGather<'_>: Clone);
    lacks!(TableCursor<'_>: Sync);
    lacks!(TableCursor<'_>: Clone);
    lacks!(SharedCursor: Clone);
    lacks!(Reservation: Clone);
    lacks!(Extents<'_>: Send);
    lacks!(Gather: Clone);
    lacks!(Allocation: Clone);
    lacks!(Allocation<Sealed>: Clone);
    lacks!(iomm::allocator::Code<extern "C" fn()>: Clone);
    lacks!(Ioasid<String>: Clone);
    lacks!(IoasidHold: Clone);
    lacks!(IoasidSubscription: Clone);
    lacks!(IoasidAllocatorHandle: Clone);
    lacks!(IoasidEvent<'_>: Sync);
    lacks!(IoasidEvent<'_>: Clone);
    lacks!(BoundDevice<'_>: Send);
    lacks!(BoundDevice<'_>: Sync);
    lacks!(BoundDevice<'_>: Clone);
    lacks!(Resource<Cell<u8>>: Sync);
    lacks!(Resource<u8>: Clone);
    lacks!(ResourceGuard<'_, u8>: Send);
    lacks!(ResourceGuard<'_, u8>: Sync);
    lacks!(ResourceGuard<'_, u8>: Clone);
}
