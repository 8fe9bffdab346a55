// SPDX-License-Identifier: MIT OR Apache-2.0
//! IDs in a guest, whose host hands out the numbers: a custom allocator that
//! asks another process over a pair of sockets. The host may refuse, take too
//! long, answer a number twice, or die; whoever wants an ID is told which.
//!
//! ```text
//! ioasid_host
//! ```
//!
//! The program starts itself once more as the host. Read `main` and
//! `HostAllocator` first.

use iomm::{Code, Context, Error, IoasidAllocator, IoasidSet, IoasidSetConfig, IoasidSpace};
use std::io::{self, Read, Write};
use std::ops::RangeInclusive;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::Duration;

/// How long the guest waits for its host: one that is merely busy has time.
const PATIENCE: Duration = Duration::from_secs(20);
/// And how long when the host is known to be slow.
pub const IMPATIENCE: Duration = Duration::from_millis(200);

// ------------------------------------------------------------------- words

/// What goes over the sockets: four numbers, in either direction.
type Message = [u32; 4];

/// number of the request, `ALLOC`, first, last; answered by number, code, ID, 0.
const ALLOC: u32 = 1;
/// 0, `FREE`, ID, 0; not answered.
const FREE: u32 = 2;

fn send(mut to: &UnixStream, message: Message) -> io::Result<()> {
    let mut bytes = [0; 16];
    for (to, word) in bytes.chunks_exact_mut(4).zip(message) {
        to.copy_from_slice(&word.to_le_bytes());
    }
    to.write_all(&bytes)
}

fn receive(mut from: &UnixStream) -> io::Result<Message> {
    let mut bytes = [0; 16];
    from.read_exact(&mut bytes)?;
    let mut words = bytes
        .chunks_exact(4)
        .map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    Ok([(); 4].map(|()| words.next().unwrap_or(0)))
}

// --------------------------------------------------------------- the guest

/// Asks the host. One request at a time.
pub struct HostAllocator(Mutex<Line>);

struct Line {
    host: UnixStream,
    requests: u32,
}

impl HostAllocator {
    /// With the guest's end of the pair.
    pub fn new(host: UnixStream) -> io::Result<HostAllocator> {
        host.set_read_timeout(Some(PATIENCE))?;
        Ok(HostAllocator(Mutex::new(Line { host, requests: 0 })))
    }
}

impl IoasidAllocator for HostAllocator {
    fn alloc(&self, range: RangeInclusive<u32>) -> iomm::Result<u32> {
        let mut line = self.0.lock().unwrap();
        line.requests += 1;
        let request = [line.requests, ALLOC, *range.start(), *range.end()];
        send(&line.host, request).map_err(gone)?;
        loop {
            let [number, code, id, _] = receive(&line.host).map_err(gone)?;
            match code {
                // To a request that we have given up: nobody wants it now.
                0 if number != request[0] => send(&line.host, [0, FREE, id, 0]).map_err(gone)?,
                0 => return Ok(id),
                _ if number != request[0] => {}
                code => {
                    return Err(Error::new(
                        Code::from_raw(code as i32),
                        "the host has no number",
                    ));
                }
            }
        }
    }

    fn free(&self, id: u32) {
        let line = self.0.lock().unwrap();
        // A host that is gone has its numbers back.
        let _ = send(&line.host, [0, FREE, id, 0]);
    }
}

/// Why there was no answer.
fn gone(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            Error::new(Code::ETIMEDOUT, "the host takes too long")
        }
        _ => Error::new(Code::ENODEV, format!("the host is gone: {error}")),
    }
}

// ---------------------------------------------------------------- the host

/// What is wrong with a host, from its third request on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// Nothing.
    None,
    /// It has no more numbers.
    Refuses,
    /// It answers the third request when the fourth comes, and not before.
    IsSlow,
    /// It answers a number that is out.
    Repeats,
    /// It answers a number that nobody asked for.
    Strays,
    /// It ends.
    Dies,
}

/// By the names that the host is started with.
pub const FLAWS: [(&str, Flaw); 6] = [
    ("none", Flaw::None),
    ("refuses", Flaw::Refuses),
    ("slow", Flaw::IsSlow),
    ("repeats", Flaw::Repeats),
    ("strays", Flaw::Strays),
    ("dies", Flaw::Dies),
];

/// Hands out numbers until the guest is gone. Answers those that are still out.
pub fn serve(guest: &UnixStream, flaw: Flaw) -> Vec<u32> {
    let mut out = Vec::new();
    let mut late = Vec::new();
    let mut requests = 0;
    while let Ok([number, what, first, last]) = receive(guest) {
        if what == FREE {
            out.retain(|id| *id != first);
            continue;
        }
        requests += 1;
        let flawed = requests >= 3;
        let mut id = (first..=last).find(|id| !out.contains(id)).unwrap_or(0);
        let mut code = if id == 0 { Code::ENOSPC.raw() } else { 0 };
        match flaw {
            Flaw::Refuses if flawed => code = Code::EACCES.raw(),
            Flaw::Repeats if flawed => id = out[0],
            Flaw::Strays if flawed => id = last + 1,
            Flaw::Dies if flawed => break,
            _ => {}
        }
        if code == 0 && !out.contains(&id) {
            out.push(id);
        }
        late.push([number, code as u32, id, 0]);
        if flaw == Flaw::IsSlow && requests == 3 {
            continue;
        }
        if late.drain(..).any(|answer| send(guest, answer).is_err()) {
            break;
        }
    }
    out
}

// -------------------------------------------------------------------- both

/// Takes two IDs and a third; says what came of it, and ends with an error
/// where that is not what it should be. The host is as `flaw` says.
pub fn show(host: UnixStream, flaw: Flaw) -> Result<(), String> {
    let ctx = Context::new().map_err(|error| error.to_string())?;
    let line = host.try_clone().map_err(|error| error.to_string())?;
    let space = IoasidSpace::create(&ctx, 1..=0xf_ffff).map_err(|error| error.to_string())?;
    let allocator = HostAllocator::new(host).map_err(|error| error.to_string())?;
    let _registered = space
        .register_allocator(allocator)
        .map_err(|error| error.to_string())?;
    let set: IoasidSet<&str> =
        IoasidSet::create(&space, &IoasidSetConfig::new()).map_err(|error| error.to_string())?;

    let first = take(&set, "first")?;
    take(&set, "second")?;
    let wanted = match flaw {
        Flaw::None => None,
        Flaw::Refuses => Some(Code::EACCES),
        Flaw::IsSlow => Some(Code::ETIMEDOUT),
        Flaw::Repeats | Flaw::Strays => Some(Code::EPROTO),
        Flaw::Dies => Some(Code::ENODEV),
    };
    if flaw == Flaw::IsSlow {
        wait_at_most(&line, IMPATIENCE)?;
    }
    let answer = set.alloc(1..=100, "third");
    match &answer {
        Ok(id) => println!("         third is ID {id}"),
        Err(error) => println!("         third: {}: {error}", error.code()),
    }
    if answer.as_ref().err().map(Error::code) != wanted {
        return Err(format!("this should have been {wanted:?}"));
    }
    if flaw == Flaw::IsSlow {
        // The host is there again, and has the late answer's number back.
        wait_at_most(&line, PATIENCE)?;
        take(&set, "again")?;
    }
    // Whatever the host did, the first has its ID still, and its data.
    let data = set.find(first).map_err(|error| error.to_string())?;
    if data.data() != Some(&"first") {
        return Err("the first has lost its data".into());
    }
    Ok(())
}

/// Whoever has a copy of the guest's end says it for all.
pub fn wait_at_most(line: &UnixStream, patience: Duration) -> Result<(), String> {
    line.set_read_timeout(Some(patience))
        .map_err(|error| error.to_string())
}

fn take(set: &IoasidSet<&'static str>, who: &'static str) -> Result<u32, String> {
    let id = set
        .alloc(1..=100, who)
        .map_err(|error| format!("{who}: {error}"))?;
    println!("         {who} is ID {id}");
    Ok(id)
}

/// The host is this program, with its end of the pair as standard input.
fn start_host(flaw: &str) -> io::Result<(UnixStream, Child)> {
    let (ours, theirs) = UnixStream::pair()?;
    let host = Command::new(std::env::current_exe()?)
        .args(["--host", flaw])
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .spawn()?;
    Ok((ours, host))
}

fn run() -> Result<(), String> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [option, name] = &arguments[..] {
        let flaw = FLAWS.iter().find(|(flaw, _)| flaw == name);
        let (Some((_, flaw)), "--host") = (flaw, option.as_str()) else {
            return Err("usage: ioasid_host [--host FLAW]".into());
        };
        let stdin = std::os::fd::AsFd::as_fd(&io::stdin()).try_clone_to_owned();
        let guest = UnixStream::from(stdin.map_err(|error| error.to_string())?);
        serve(&guest, *flaw);
        return Ok(());
    }
    for (name, flaw) in FLAWS {
        println!("host     {name}");
        let (stream, mut host) = start_host(name).map_err(|error| error.to_string())?;
        show(stream, flaw)?;
        // The guest's end is closed: a host that has not died ends.
        let status = host.wait().map_err(|error| error.to_string())?;
        if !status.success() {
            return Err(format!("the host ends with {status}"));
        }
    }
    Ok(())
}

fn main() -> std::process::ExitCode {
    match run() {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(sentence) => {
            eprintln!("ioasid_host: {sentence}");
            std::process::ExitCode::FAILURE
        }
    }
}
