// SPDX-License-Identifier: MIT OR Apache-2.0
//! Contexts of two drivers, which take their IDs (PASIDs) from one space.

use crate::report::{Attempt, Outcome, expect};
use iomm::{Code, Context, Error, IoasidSet, IoasidSetConfig, IoasidSpace};

const PASIDS: std::ops::RangeInclusive<u32> = 1..=0xf_ffff;
const KEPT_BACK: u32 = 2;

/// What one driver keeps of a context, and what the other does. Nobody can take
/// one for the other.
struct GpuContext {
    user: &'static str,
}
struct MediaContext {
    user: &'static str,
}

fn opened(driver: &str, user: &str, id: u32) -> u32 {
    println!("context  {user} of driver {driver} is ID {id}");
    id
}

fn open_gpu(set: &IoasidSet<GpuContext>, user: &'static str) -> Outcome<u32> {
    let id = set.alloc(PASIDS, GpuContext { user });
    Ok(opened("gpu", user, id.attempt("no ID for a context")?))
}

fn open_media(set: &IoasidSet<MediaContext>, user: &'static str) -> Outcome<u32> {
    let context = MediaContext { user };
    let user = context.user;
    let id = set.alloc(PASIDS, context);
    Ok(opened("media", user, id.attempt("no ID for a context")?))
}

fn expect_error<T>(answer: Result<T, Error>, code: Code, name: &str) -> Outcome<()> {
    let Err(error) = answer else {
        return expect(false, "a call on IDs succeeds");
    };
    expect(error.code() == code, "a call on IDs answers something else")?;
    println!("{name}   {error}");
    Ok(())
}

fn use_contexts(gpu: &IoasidSet<GpuContext>, media: &IoasidSet<MediaContext>) -> Outcome<()> {
    let first = open_gpu(gpu, "desktop")?;
    let second = open_gpu(gpu, "game")?;
    open_media(media, "film")?;
    let third = gpu.alloc(PASIDS, GpuContext { user: "third" });
    expect_error(third, Code::ENOSPC, "ENOSPC")?;

    // What the handler of a fault with a PASID does.
    let user = gpu
        .find_with(second, |context| context.map(|context| context.user))
        .attempt("a context is not found")?;
    let user = user.ok_or("a context has no data")?;
    println!("found    ID {second} of a fault is {user}'s");
    expect_error(media.find(second), Code::EACCES, "EACCES")?;

    // Somebody still has to do with a context whose ID is freed.
    let held = gpu.find(first).attempt("no context")?;
    gpu.free(first).attempt("cannot free an ID")?;
    expect_error(gpu.find(first), Code::EBUSY, "EBUSY ")?;
    drop(held);
    expect_error(gpu.find(first), Code::ENOENT, "ENOENT")?;
    expect(
        open_gpu(gpu, "desktop")? == first,
        "an ID that is free is not used again",
    )
}

pub fn share_ids(ctx: &Context) -> Outcome<()> {
    let space = IoasidSpace::create(ctx, PASIDS).attempt("no space of IDs")?;
    let kept_back = IoasidSetConfig::new().quota(KEPT_BACK);
    let gpu = IoasidSet::create(&space, &kept_back).attempt("no set of IDs")?;
    let media = IoasidSet::create(&space, &IoasidSetConfig::new()).attempt("no set of IDs")?;
    println!(
        "ids      {} to {}, of which {KEPT_BACK} are kept back for driver gpu",
        PASIDS.start(),
        PASIDS.end()
    );
    // What is left goes with the sets.
    use_contexts(&gpu, &media)
}
