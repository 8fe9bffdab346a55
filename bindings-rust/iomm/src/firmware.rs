// SPDX-License-Identifier: MIT OR Apache-2.0
//! What firmware says about devices and IOMMUs.

use crate::ctx::Context;
use crate::error::{Code, Error, Result};
use crate::handle::handle;
use crate::pci::Pci;
use crate::text;
use alloc::string::String;
use alloc::vec::Vec;
use bitflags::bitflags;
use core::fmt;
use core::ptr;
use iomm_sys as sys;

bitflags! {
    /// What a node of the tree is.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct NodeFlags: u32 {
        /// An IOMMU: the node has `#iommu-cells`.
        const IOMMU = sys::IOMM_NODE_IOMMU;
        /// A device behind an IOMMU: the node has `iommus`.
        const CLIENT = sys::IOMM_NODE_CLIENT;
        /// A PCI host bridge.
        const PCI_HOST = sys::IOMM_NODE_PCI_HOST;
        /// Memory.
        const MEMORY = sys::IOMM_NODE_MEMORY;
        /// Neither the node nor a parent is disabled.
        const AVAILABLE = sys::IOMM_NODE_AVAILABLE;
        /// DMA snoops the CPU's caches.
        const COHERENT = sys::IOMM_NODE_COHERENT;
        /// A PCI host whose functions are mapped to IOMMUs (`iommu-map`).
        const MAPPED = sys::IOMM_NODE_MAPPED;
    }
}

#[cfg(feature = "std")]
bitflags! {
    /// Which firmware [`Firmware::from_linux`] is to read; none: whichever
    /// there is.
    #[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
    pub struct LinuxFlags: u32 {
        /// Device trees only.
        const DEVICE_TREE = sys::IOMM_LINUX_DEVICE_TREE;
        /// ACPI tables only.
        const ACPI = sys::IOMM_LINUX_ACPI;
    }
}

/// A node of a firmware source: an opaque number, unique in its context.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Node(u64);

impl Node {
    /// A node by its number.
    pub const fn from_raw(raw: u64) -> Node {
        Node(raw)
    }

    /// The number.
    pub const fn raw(self) -> u64 {
        self.0
    }
}

/// What is known of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeInfo {
    /// What the node is.
    pub flags: NodeFlags,
    /// Of an IOMMU: cells of a specifier.
    pub iommu_cells: u32,
    /// First address of the first `reg`, as the CPU sees it.
    pub reg_base: u64,
    /// Its length; 0 when the node has none.
    pub reg_bytes: u64,
}

handle! {
    /// A description of the machine. The same question always has the same
    /// answer.
    ///
    /// ```no_run
    /// use iomm::{Context, Firmware, NodeFlags};
    ///
    /// let ctx = Context::new()?;
    /// let tree = std::fs::read("virt.dtb").expect("readable");
    /// let firmware = Firmware::from_fdt(&ctx, &tree)?;
    /// for node in firmware.nodes(NodeFlags::IOMMU) {
    ///     println!("{}", firmware.path(node)?);
    /// }
    /// # Ok::<(), iomm::Error>(())
    /// ```
    Firmware, iomm_firmware, iomm_firmware_get, iomm_firmware_put
}

impl Firmware {
    /// Reads a flattened device tree, which is copied. Hostile content is
    /// fine: [`Code::EINVAL`].
    pub fn from_fdt(ctx: &Context, blob: &[u8]) -> Result<Firmware> {
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the blob is valid for its length during the call, which
            // copies it.
            ctx.done(unsafe {
                sys::iomm_firmware_create_fdt(
                    ctx.as_raw(),
                    blob.as_ptr().cast(),
                    blob.len() as u64,
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Firmware::from_raw(raw, ctx) })
        })
    }

    /// Reads what Linux shows of the firmware of the machine that it runs on,
    /// or of another from which that was recorded: `root` has `sys/firmware`.
    ///
    /// [`Code::ENOENT`]: neither a device tree nor ACPI tables are there.
    /// [`Code::EINVAL`]: malformed; the sentence says where.
    #[cfg(feature = "std")]
    pub fn from_linux(
        ctx: &Context,
        root: impl AsRef<std::path::Path>,
        flags: LinuxFlags,
    ) -> Result<Firmware> {
        use std::os::unix::ffi::OsStrExt;
        let root = root.as_ref().as_os_str().as_bytes();
        let root = std::ffi::CString::new(root)
            .map_err(|_| Error::new(Code::EINVAL, "the path of the root has a NUL"))?;
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the string is there during the call.
            ctx.done(unsafe {
                sys::iomm_firmware_from_linux(ctx.as_raw(), root.as_ptr(), flags.bits(), &mut raw)
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Firmware::from_raw(raw, ctx) })
        })
    }

    /// Reads ACPI tables, each from its signature on, which are copied: IORT,
    /// DMAR, IVRS, VIOT and RIMT. Others are passed over. Hostile content is
    /// fine: [`Code::EINVAL`]; what is known but not read here:
    /// [`Code::EOPNOTSUPP`].
    ///
    /// Nodes are IOMMUs (`IORT: SMMUv3 @0x9050000`), PCI segments
    /// (`PCI segment 0`) and devices that a table names (`\_SB.GPU0`).
    ///
    /// ```no_run
    /// use iomm::{Context, Firmware, Pci};
    ///
    /// let ctx = Context::new()?;
    /// let dmar = std::fs::read("/sys/firmware/acpi/tables/DMAR").expect("readable");
    /// let pci = Pci::from_sysfs(&ctx, "/")?;
    /// let firmware = Firmware::from_acpi(&ctx, &[&dmar], Some(&pci))?;
    /// let segment = firmware.find("PCI segment 0")?;
    /// # Ok::<(), iomm::Error>(())
    /// ```
    pub fn from_acpi(ctx: &Context, tables: &[&[u8]], topology: Option<&Pci>) -> Result<Firmware> {
        let topology = topology.map_or(ptr::null_mut(), Pci::as_raw);
        let tables: Vec<_> = tables
            .iter()
            .map(|table| sys::iomm_acpi_table {
                size: text::size_of::<sys::iomm_acpi_table>(),
                table: table.as_ptr().cast(),
                bytes: table.len() as u64,
                ..Default::default()
            })
            .collect();
        // Of so many, two have one signature, and that is refused.
        let count = u32::try_from(tables.len()).unwrap_or(u32::MAX);
        ctx.call(|| {
            let mut raw = ptr::null_mut();
            // SAFETY: the structs, and the tables that they point to for as
            // many bytes as they say, live during the call, which copies them;
            // there are at least `count`. The topology is NULL or alive.
            ctx.done(unsafe {
                sys::iomm_firmware_create_acpi(
                    ctx.as_raw(),
                    tables.as_ptr(),
                    count,
                    text::size_of::<sys::iomm_acpi_table>(),
                    topology,
                    &mut raw,
                )
            })?;
            // SAFETY: on success the reference is ours.
            Ok(unsafe { Firmware::from_raw(raw, ctx) })
        })
    }

    /// The nodes that have all of some properties, in the order of the tree.
    /// Without any flag: all nodes.
    pub fn nodes(&self, flags: NodeFlags) -> Nodes<'_> {
        Nodes {
            firmware: self,
            flags,
            last: Node(0),
        }
    }

    fn next(&self, flags: NodeFlags, after: Node) -> Result<Node> {
        let mut node = 0;
        self.context().call(|| {
            // SAFETY: the handle is alive, and so is what is written to.
            self.context().done(unsafe {
                sys::iomm_firmware_next(self.as_raw(), flags.bits(), after.0, &mut node)
            })
        })?;
        Ok(Node(node))
    }

    /// The node with a path, such as `/soc/iommu@1000`. [`Code::ENOENT`] when
    /// there is none.
    pub fn find(&self, path: &str) -> Result<Node> {
        let path = text::c_string("path", path)?;
        let mut node = 0;
        self.context().call(|| {
            // SAFETY: the handle is alive, and the string during the call.
            self.context()
                .done(unsafe { sys::iomm_firmware_find(self.as_raw(), path.as_ptr(), &mut node) })
        })?;
        Ok(Node(node))
    }

    /// What is known of a node.
    pub fn node_info(&self, node: Node) -> Result<NodeInfo> {
        let mut info = sys::iomm_node_info {
            size: text::size_of::<sys::iomm_node_info>(),
            ..Default::default()
        };
        self.context().call(|| {
            // SAFETY: the handle is alive, and the struct as large as it says.
            self.context()
                .done(unsafe { sys::iomm_firmware_node_info(self.as_raw(), node.0, &mut info) })
        })?;
        Ok(NodeInfo {
            flags: NodeFlags::from_bits_retain(info.flags),
            iommu_cells: info.iommu_cells,
            reg_base: info.reg_base,
            reg_bytes: info.reg_bytes,
        })
    }

    /// A node's path.
    pub fn path(&self, node: Node) -> Result<String> {
        self.context().call(|| {
            text::read(self.context(), |buf, len| {
                // SAFETY: the handle is alive, and the buffer that long.
                unsafe { sys::iomm_firmware_node_path(self.as_raw(), node.0, buf, len) }
            })
        })
    }

    /// Is `compatible` among the node's compatible strings?
    pub fn compatible(&self, node: Node, compatible: &str) -> Result<bool> {
        let compatible = text::c_string("compatible string", compatible)?;
        self.context().call(|| {
            // SAFETY: the handle is alive, and the string during the call.
            let answer = unsafe {
                sys::iomm_firmware_node_compatible(self.as_raw(), node.0, compatible.as_ptr())
            };
            Ok(self.context().check(answer)? != 0)
        })
    }
}

impl fmt::Debug for Firmware {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Firmware").finish_non_exhaustive()
    }
}

/// Iterates over nodes: [`Firmware::nodes`].
#[derive(Clone, Debug)]
pub struct Nodes<'a> {
    firmware: &'a Firmware,
    flags: NodeFlags,
    last: Node,
}

impl Iterator for Nodes<'_> {
    type Item = Node;

    /// # Panics
    ///
    /// When the library refuses the question: flags that it does not know, or
    /// asked in an atomic hook.
    fn next(&mut self) -> Option<Node> {
        match self.firmware.next(self.flags, self.last) {
            Ok(node) => {
                self.last = node;
                Some(node)
            }
            Err(error) => ended(error),
        }
    }
}

fn ended(error: Error) -> Option<Node> {
    assert_eq!(error.code(), Code::ENOENT, "{error}");
    None
}
