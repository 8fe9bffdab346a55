// SPDX-License-Identifier: MIT OR Apache-2.0
// Made from include/iomm/*.h by `cargo run -p regen`. Do not edit.

pub const IOMM_VERSION_MAJOR: u32 = 0;
pub const IOMM_VERSION_MINOR: u32 = 1;
pub const IOMM_HANDLE_ANY: u32 = 0;
pub const IOMM_HANDLE_CTX: u32 = 1;
pub const IOMM_HANDLE_FIRMWARE: u32 = 2;
pub const IOMM_HANDLE_BUS: u32 = 3;
pub const IOMM_HANDLE_DEVICE: u32 = 4;
pub const IOMM_HANDLE_GROUP: u32 = 5;
pub const IOMM_HANDLE_IOMMU: u32 = 6;
pub const IOMM_HANDLE_FORMAT: u32 = 7;
pub const IOMM_HANDLE_TABLE_MEMORY: u32 = 8;
pub const IOMM_HANDLE_PGTABLE: u32 = 9;
pub const IOMM_HANDLE_DOMAIN: u32 = 10;
pub const IOMM_HANDLE_SOFT: u32 = 11;
pub const IOMM_HANDLE_RESERVATION: u32 = 12;
pub const IOMM_HANDLE_ALLOCATOR: u32 = 13;
pub const IOMM_HANDLE_ALLOC_TYPE: u32 = 14;
pub const IOMM_HANDLE_IOASID_SPACE: u32 = 15;
pub const IOMM_HANDLE_IOASID_SET: u32 = 16;
pub const IOMM_HANDLE_PASID: u32 = 17;
pub const IOMM_HANDLE_FWSPEC: u32 = 18;
pub const IOMM_HANDLE_PCI: u32 = 19;
pub const IOMM_HANDLE_PLUGIN: u32 = 20;
pub const IOMM_DOMAIN_ANY: u32 = 0;
pub const IOMM_DOMAIN_PAGING: u32 = 1;
pub const IOMM_DOMAIN_BLOCKED: u32 = 2;
pub const IOMM_DOMAIN_IDENTITY: u32 = 3;
pub const IOMM_FORMAT_NAME_MAX: u32 = 24;
pub const IOMM_PROT_READ: u32 = 1;
pub const IOMM_PROT_WRITE: u32 = 2;
pub const IOMM_PROT_EXEC: u32 = 4;
pub const IOMM_PROT_CACHE: u32 = 8;
pub const IOMM_PROT_MMIO: u32 = 16;
pub const IOMM_PROT_PRIV: u32 = 32;
pub const IOMM_ALLOC_TEXT: u32 = 1;
pub const IOMM_ALLOC_DATA: u32 = 2;
pub const IOMM_ALLOC_RODATA: u32 = 3;
pub const IOMM_ALLOC_RODATA_AFTER_INIT: u32 = 4;
pub const IOMM_ALLOC_INITTEXT: u32 = 5;
pub const IOMM_ALLOC_INITDATA: u32 = 6;
pub const IOMM_ALLOC_INITRODATA: u32 = 7;
pub const IOMM_ALLOC_USER: u32 = 64;
pub const IOMM_ALLOC_READ: u32 = 1;
pub const IOMM_ALLOC_WRITE: u32 = 2;
pub const IOMM_ALLOC_EXEC: u32 = 4;
pub const IOMM_ALLOC_SHARED_HUGE: u32 = 1;
pub const IOMM_ALLOC_SECOND_RANGE: u32 = 2;
pub const IOMM_ALLOC_SEAL_AFTER_INIT: u32 = 4;
pub const IOMM_ALLOC_ALLOW_WX: u32 = 8;
pub const IOMM_ALLOC_RANDOMIZE: u32 = 16;
pub const IOMM_ALLOC_GUARD: u32 = 32;
pub const IOMM_ALLOC_LAZY_SYNC: u32 = 64;
pub const IOMM_ALLOC_DESC_SIZE_VER0: u32 = 104;
pub const IOMM_ALLOCATOR_NO_ALIAS: u32 = 1;
pub const IOMM_ALLOCATOR_CONFIG_SIZE_VER0: u32 = 32;
pub const IOMM_ALLOC_GRANT_ALIAS: u32 = 1;
pub const IOMM_ALLOC_GRANT_HUGE: u32 = 2;
pub const IOMM_ALLOC_GRANT_GUARD: u32 = 4;
pub const IOMM_ALLOC_GRANT_RANDOM: u32 = 8;
pub const IOMM_ALLOC_GRANT_SIZE_VER0: u32 = 80;
pub const IOMM_ALLOC_BACKEND_ALIAS: u32 = 1;
pub const IOMM_ALLOC_BACKEND_OPS_SIZE_VER0: u32 = 72;
pub const IOMM_ALLOC_PART_SIZE_VER0: u32 = 24;
pub const IOMM_ALLOCATION_SEALED: u32 = 1;
pub const IOMM_ALLOCATION_HUGE: u32 = 2;
pub const IOMM_ALLOCATION_SIZE_VER0: u32 = 48;
pub const IOMM_ALLOCATOR_ALIAS: u32 = 1;
pub const IOMM_ALLOCATOR_PROTECT: u32 = 2;
pub const IOMM_ALLOCATOR_BARRIER: u32 = 4;
pub const IOMM_ALLOCATOR_DEAD: u32 = 8;
pub const IOMM_ALLOCATOR_INFO_SIZE_VER0: u32 = 24;
pub const IOMM_ALLOC_STATS_SIZE_VER0: u32 = 80;
pub const IOMM_BUS_OPS_SIZE_VER0: u32 = 32;
pub const IOMM_BUS_INPUTS_MAX: u32 = 1024;
pub const IOMM_GATHER_SIZE_VER0: u32 = 64;
pub const IOMM_PGTABLE_COHERENT: u32 = 1;
pub const IOMM_PGTABLE_MAX_TABLE_PA: u32 = 2;
pub const IOMM_PGTABLE_SHARED: u32 = 4;
pub const IOMM_PGTABLE_UPPER: u32 = 8;
pub const IOMM_PGTABLE_DIRTY: u32 = 16;
pub const IOMM_PGTABLE_HITLESS: u32 = 32;
pub const IOMM_PGTABLE_NS: u32 = 64;
pub const IOMM_PGTABLE_S2FWB: u32 = 128;
pub const IOMM_PGTABLE_ADOPT: u32 = 256;
pub const IOMM_PGTABLE_NUMA_NODE: u32 = 512;
pub const IOMM_PGTABLE_CONFIG_SIZE_VER0: u32 = 56;
pub const IOMM_PGTABLE_CONFIG_SIZE_VER1: u32 = 64;
pub const IOMM_TLB_TABLES: u32 = 1;
pub const IOMM_TLB_OPS_SIZE_VER0: u32 = 24;
pub const IOMM_PGTABLE_REGS: u32 = 8;
pub const IOMM_ARM64_S1_TTBR0: u32 = 0;
pub const IOMM_ARM64_S1_TCR: u32 = 1;
pub const IOMM_ARM64_S1_MAIR: u32 = 2;
pub const IOMM_ARM64_S2_VTTBR: u32 = 0;
pub const IOMM_ARM64_S2_VTCR: u32 = 1;
pub const IOMM_ARM64_S2_HCR: u32 = 2;
pub const IOMM_PGTABLE_INFO_SIZE_VER0: u32 = 160;
pub const IOMM_TRANSLATION_SIZE_VER0: u32 = 24;
pub const IOMM_WALK_TABLE: u32 = 1;
pub const IOMM_WALK_LEAF: u32 = 2;
pub const IOMM_WALK_RUN: u32 = 3;
pub const IOMM_WALK_ENTRY_SIZE_VER0: u32 = 48;
pub const IOMM_EXTENT_SIZE_VER0: u32 = 32;
pub const IOMM_SEGMENT_SIZE_VER0: u32 = 16;
pub const IOMM_MAP_REPEAT: u32 = 1;
pub const IOMM_MAP_PAGE_MASK: u32 = 65280;
pub const IOMM_DIRTY_KEEP: u32 = 1;
pub const IOMM_CODEC_NONE: u32 = 0;
pub const IOMM_CODEC_TABLE: u32 = 1;
pub const IOMM_CODEC_LEAF: u32 = 2;
pub const IOMM_CODEC_LEVELS: u32 = 8;
pub const IOMM_CODEC_TABLE_SIZE_VER0: u32 = 40;
pub const IOMM_CODEC_SIZE_VER0: u32 = 240;
pub const IOMM_THREAD_SIZE: u32 = 1024;
pub const IOMM_LOG_ERROR: u32 = 1;
pub const IOMM_LOG_WARN: u32 = 2;
pub const IOMM_LOG_INFO: u32 = 3;
pub const IOMM_LOG_DEBUG: u32 = 4;
pub const IOMM_PLATFORM_SIZE_VER0: u32 = 104;
pub const IOMM_PLATFORM_SIZE_VER1: u32 = 120;
pub const IOMM_CTX_EVENTS_SIZE_VER0: u32 = 40;
pub const IOMM_CTX_CONFIG_SIZE_VER0: u32 = 64;
pub const IOMM_CURSOR_SIZE_VER0: u32 = 64;
pub const IOMM_FWSPEC_COHERENT: u32 = 1;
pub const IOMM_FWSPEC_ATS: u32 = 2;
pub const IOMM_FWSPEC_PRI: u32 = 4;
pub const IOMM_FWSPEC_STALL: u32 = 8;
pub const IOMM_FWSPEC_DMA_RANGE: u32 = 16;
pub const IOMM_FWSPEC_NUMA_NODE: u32 = 32;
pub const IOMM_FWSPEC_INFO_SIZE_VER0: u32 = 48;
pub const IOMM_SPECIFIER_CELLS: u32 = 8;
pub const IOMM_SPECIFIER_SIZE_VER0: u32 = 56;
pub const IOMM_REGION_DIRECT: u32 = 1;
pub const IOMM_REGION_DIRECT_RELAXABLE: u32 = 2;
pub const IOMM_REGION_RESERVED: u32 = 3;
pub const IOMM_REGION_MSI: u32 = 4;
pub const IOMM_REGION_SOFTWARE_MSI: u32 = 5;
pub const IOMM_REGION_MAPPED: u32 = 1;
pub const IOMM_RESERVED_REGION_SIZE_VER0: u32 = 48;
pub const IOMM_DMA_RANGE_SIZE_VER0: u32 = 40;
pub const IOMM_DEVICE_ADDRESS: u32 = 1;
pub const IOMM_DEVICE_DMA_MASK: u32 = 2;
pub const IOMM_DEVICE_SPECIFIERS: u32 = 4;
pub const IOMM_DEVICE_PASID_BITS: u32 = 8;
pub const IOMM_DEVICE_NUMA_NODE: u32 = 16;
pub const IOMM_DEVICE_COHERENT: u32 = 32;
pub const IOMM_DEVICE_NOT_COHERENT: u32 = 64;
pub const IOMM_DEVICE_CONFIG_SIZE_VER0: u32 = 40;
pub const IOMM_DEVICE_CONFIG_SIZE_VER1: u32 = 104;
pub const IOMM_DEVICE_NEW: u32 = 0;
pub const IOMM_DEVICE_WAITING: u32 = 1;
pub const IOMM_DEVICE_PROBING: u32 = 2;
pub const IOMM_DEVICE_BOUND: u32 = 3;
pub const IOMM_DEVICE_NONE: u32 = 4;
pub const IOMM_DEVICE_REMOVED: u32 = 5;
pub const IOMM_DEVICE_INFO_BOUND: u32 = 1;
pub const IOMM_DEVICE_INFO_GONE: u32 = 2;
pub const IOMM_DEVICE_INFO_COHERENT: u32 = 4;
pub const IOMM_DEVICE_INFO_NUMA_NODE: u32 = 8;
pub const IOMM_DEVICE_INFO_SIZE_VER0: u32 = 56;
pub const IOMM_DEVICE_ID_SIZE_VER0: u32 = 16;
pub const IOMM_DEVICE_GUARD_SIZE_VER0: u32 = 40;
pub const IOMM_DEVICE_GUARDS_PER_THREAD: u32 = 16;
pub const IOMM_PASID_BITS_MAX: u32 = 20;
pub const IOMM_PROBE_NUMA_NODE: u32 = 1;
pub const IOMM_PROBE_INFO_SIZE_VER0: u32 = 56;
pub const IOMM_DOMAIN_SETUP_SIZE_VER0: u32 = 72;
pub const IOMM_DOMAIN_SETUP_SIZE_VER1: u32 = 80;
pub const IOMM_FAULT_SIZE_VER0: u32 = 32;
pub const IOMM_FAULT_SIZE_VER1: u32 = 40;
pub const IOMM_FAULT_TRANSLATION: u32 = 1;
pub const IOMM_FAULT_PERMISSION: u32 = 2;
pub const IOMM_FAULT_ADDRESS: u32 = 3;
pub const IOMM_FAULT_ACCESS_FLAG: u32 = 4;
pub const IOMM_FAULT_WALK: u32 = 5;
pub const IOMM_FAULT_BLOCKED: u32 = 6;
pub const IOMM_ATTACH_IDENTITY: u32 = 1;
pub const IOMM_ATTACH_SIZE_VER0: u32 = 32;
pub const IOMM_IOMMU_OPS_SIZE_VER0: u32 = 104;
pub const IOMM_IOMMU_IDENTITY: u32 = 1;
pub const IOMM_IOMMU_CONFIG_SIZE_VER0: u32 = 32;
pub const IOMM_IOMMU_CONFIG_SIZE_VER1: u32 = 40;
pub const IOMM_IOMMU_CONFIG_SIZE_VER2: u32 = 48;
pub const IOMM_DOMAIN_CONFIG_SIZE_VER0: u32 = 40;
pub const IOMM_DUMP_TEXT: u32 = 0;
pub const IOMM_DUMP_BINARY: u32 = 1;
pub const IOMM_ENOENT: u32 = 2;
pub const IOMM_EIO: u32 = 5;
pub const IOMM_E2BIG: u32 = 7;
pub const IOMM_ENOEXEC: u32 = 8;
pub const IOMM_EAGAIN: u32 = 11;
pub const IOMM_ENOMEM: u32 = 12;
pub const IOMM_EACCES: u32 = 13;
pub const IOMM_EFAULT: u32 = 14;
pub const IOMM_EBUSY: u32 = 16;
pub const IOMM_EEXIST: u32 = 17;
pub const IOMM_ENODEV: u32 = 19;
pub const IOMM_EINVAL: u32 = 22;
pub const IOMM_ENOSPC: u32 = 28;
pub const IOMM_EDEADLK: u32 = 35;
pub const IOMM_EPROTO: u32 = 71;
pub const IOMM_EOVERFLOW: u32 = 75;
pub const IOMM_ELIBBAD: u32 = 80;
pub const IOMM_EMSGSIZE: u32 = 90;
pub const IOMM_EOPNOTSUPP: u32 = 95;
pub const IOMM_ETIMEDOUT: u32 = 110;
pub const IOMM_EPROBE_DEFER: u32 = 517;
pub const IOMM_NODE_IOMMU: u32 = 1;
pub const IOMM_NODE_CLIENT: u32 = 2;
pub const IOMM_NODE_PCI_HOST: u32 = 4;
pub const IOMM_NODE_MEMORY: u32 = 8;
pub const IOMM_NODE_AVAILABLE: u32 = 16;
pub const IOMM_NODE_COHERENT: u32 = 32;
pub const IOMM_NODE_MAPPED: u32 = 64;
pub const IOMM_NODE_INFO_SIZE_VER0: u32 = 32;
pub const IOMM_ACPI_TABLE_SIZE_VER0: u32 = 24;
pub const IOMM_LINUX_DEVICE_TREE: u32 = 1;
pub const IOMM_LINUX_ACPI: u32 = 2;
pub const IOMM_FORMAT_INFO_SIZE_VER0: u32 = 32;
pub const IOMM_FORMAT_EXPECTED: u32 = 1;
pub const IOMM_FORMAT_LOADING: u32 = 2;
pub const IOMM_FORMAT_TESTING: u32 = 3;
pub const IOMM_FORMAT_LIVE: u32 = 4;
pub const IOMM_FORMAT_DYING: u32 = 5;
pub const IOMM_FORMAT_LATE: u32 = 6;
pub const IOMM_FORMAT_FAILED: u32 = 7;
pub const IOMM_FORMAT_SLOT_SIZE_VER0: u32 = 56;
pub const IOMM_FORMAT_WAIT: u32 = 1;
pub const IOMM_FORMAT_ABI: u32 = 1;
pub const IOMM_FORMAT_OPS_SIZE_VER0: u32 = 48;
pub const IOMM_FORMAT_LOADER_SIZE_VER0: u32 = 16;
pub const IOMM_FORMAT_DEFER: u32 = 1;
pub const IOMM_GROUP_CLAIMED: u32 = 1;
pub const IOMM_GROUP_ATTACHED: u32 = 2;
pub const IOMM_GROUP_IN_USE: u32 = 4;
pub const IOMM_GROUP_DEAD: u32 = 8;
pub const IOMM_GROUP_INFO_SIZE_VER0: u32 = 24;
pub const IOMM_IOASID_INVALID: u32 = 4294967295;
pub const IOMM_IOASID_SPACE_CONFIG_SIZE_VER0: u32 = 16;
pub const IOMM_IOASID_SPACE_INFO_SIZE_VER0: u32 = 40;
pub const IOMM_IOASID_ALLOC: u32 = 1;
pub const IOMM_IOASID_BIND: u32 = 2;
pub const IOMM_IOASID_UNBIND: u32 = 3;
pub const IOMM_IOASID_FREE: u32 = 4;
pub const IOMM_IOASID_CPU: u32 = 1;
pub const IOMM_IOASID_IOMMU: u32 = 2;
pub const IOMM_IOASID_DEVICE: u32 = 3;
pub const IOMM_IOASID_EVENT_SIZE_VER0: u32 = 24;
pub const IOMM_IOASID_ALLOCATOR_OPS_SIZE_VER0: u32 = 32;
pub const IOMM_IOASID_SET_CONFIG_SIZE_VER0: u32 = 24;
pub const IOMM_IOASID_SET_INFO_SIZE_VER0: u32 = 24;
pub const IOMM_IOASID_DRAIN: u32 = 1;
pub const IOMM_IOASID_STATE_IDLE: u32 = 1;
pub const IOMM_IOASID_STATE_ACTIVE: u32 = 2;
pub const IOMM_IOASID_STATE_PENDING: u32 = 3;
pub const IOMM_IOASID_HAS_SPID: u32 = 1;
pub const IOMM_IOASID_INFO_SIZE_VER0: u32 = 40;
pub const IOMM_PASID_OPS_SIZE_VER0: u32 = 32;
pub const IOMM_PCI_ENDPOINT: u32 = 0;
pub const IOMM_PCI_LEGACY_ENDPOINT: u32 = 1;
pub const IOMM_PCI_ROOT_PORT: u32 = 4;
pub const IOMM_PCI_UPSTREAM: u32 = 5;
pub const IOMM_PCI_DOWNSTREAM: u32 = 6;
pub const IOMM_PCI_PCIE_TO_PCI: u32 = 7;
pub const IOMM_PCI_PCI_TO_PCIE: u32 = 8;
pub const IOMM_PCI_RC_ENDPOINT: u32 = 9;
pub const IOMM_PCI_RC_COLLECTOR: u32 = 10;
pub const IOMM_PCI_CONVENTIONAL: u32 = 16;
pub const IOMM_PCI_BRIDGE: u32 = 1;
pub const IOMM_PCI_REAL_DMA: u32 = 2;
pub const IOMM_PCI_TRANSLATION_ROOT: u32 = 4;
pub const IOMM_PCI_QUIRKS: u32 = 8;
pub const IOMM_PCI_FUNCTION_SIZE_VER0: u32 = 56;
pub const IOMM_PCI_ID_SIZE_VER0: u32 = 8;
pub const IOMM_PCI_FUNCTIONS_MAX: u32 = 16777216;
pub const IOMM_PLUGIN_ABI: u32 = 1;
pub const IOMM_PLUGIN_RESIDENT: u32 = 1;
pub const IOMM_PLUGIN_INFO_SIZE_VER0: u32 = 16;
pub const IOMM_PLUGIN_API_SIZE_VER0: u32 = 48;
pub const IOMM_SOFT_IDENTITY: u32 = 1;
pub const IOMM_SOFT_CONFIG_SIZE_VER0: u32 = 16;
pub const IOMM_SOFT_CONTEXT_IDENTITY: u32 = 1;
pub const IOMM_SOFT_CONTEXT_SIZE_VER0: u32 = 88;
pub const IOMM_SOFT_STATS_SIZE_VER0: u32 = 40;
pub const IOMM_SOFT_DRIVER_SIZE_VER0: u32 = 56;
pub const IOMM_SOFT_DRIVER_SIZE_VER1: u32 = 64;
pub const IOMM_STATIC_MAX: u32 = 4096;
pub const IOMM_STATIC_NODE_SIZE_VER0: u32 = 64;
pub const IOMM_STATIC_INPUTS: u32 = 1;
pub const IOMM_STATIC_MAP_SIZE_VER0: u32 = 72;
pub const IOMM_STATIC_REGION_SIZE_VER0: u32 = 48;
pub const IOMM_STATIC_RANGE_SIZE_VER0: u32 = 32;
pub const IOMM_STATIC_CONFIG_SIZE_VER0: u32 = 72;
pub const IOMM_TABLE_MEMORY_LINEAR: u32 = 1;
pub const IOMM_TABLE_MEMORY_RAW: u32 = 2;
pub const IOMM_TABLE_MEMORY_OPS_SIZE_VER0: u32 = 48;
pub type iomm_u64 = u64;
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_ctx {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_firmware {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_bus {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_device {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_group {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_iommu {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_format {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_table_memory {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_pgtable {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_domain {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_soft {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_reservation {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_allocator {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_alloc_type {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_ioasid_space {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_ioasid_set {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_pasid {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_fwspec {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_pci {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_plugin {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_alloc_range {
    pub first: iomm_u64,
    pub last: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_alloc_range"][::core::mem::size_of::<iomm_alloc_range>() - 16usize];
    [
        "Alignment of iomm_alloc_range",
    ][::core::mem::align_of::<iomm_alloc_range>() - 8usize];
    [
        "Offset of field: iomm_alloc_range::first",
    ][::core::mem::offset_of!(iomm_alloc_range, first) - 0usize];
    [
        "Offset of field: iomm_alloc_range::last",
    ][::core::mem::offset_of!(iomm_alloc_range, last) - 8usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_alloc_desc {
    pub size: u32,
    pub type_: u32,
    pub mapto: u32,
    pub flags: u32,
    pub prot: u32,
    pub range_count: u32,
    pub granularity: iomm_u64,
    pub alignment: iomm_u64,
    pub ranges: *const iomm_alloc_range,
    pub anchor: iomm_u64,
    pub distance: iomm_u64,
    pub data: *mut ::core::ffi::c_void,
    pub fill: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            dst: *mut ::core::ffi::c_void,
            writable: *mut ::core::ffi::c_void,
            src: *const ::core::ffi::c_void,
            bytes: u64,
        ) -> ::core::ffi::c_int,
    >,
    pub invalidate: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: *mut ::core::ffi::c_void,
            writable: *mut ::core::ffi::c_void,
            bytes: u64,
        ) -> ::core::ffi::c_int,
    >,
    pub on_map: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: *mut ::core::ffi::c_void,
            bytes: u64,
        ),
    >,
    pub on_unmap: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: *mut ::core::ffi::c_void,
            bytes: u64,
        ),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_alloc_desc"][::core::mem::size_of::<iomm_alloc_desc>() - 104usize];
    [
        "Alignment of iomm_alloc_desc",
    ][::core::mem::align_of::<iomm_alloc_desc>() - 8usize];
    [
        "Offset of field: iomm_alloc_desc::size",
    ][::core::mem::offset_of!(iomm_alloc_desc, size) - 0usize];
    [
        "Offset of field: iomm_alloc_desc::type_",
    ][::core::mem::offset_of!(iomm_alloc_desc, type_) - 4usize];
    [
        "Offset of field: iomm_alloc_desc::mapto",
    ][::core::mem::offset_of!(iomm_alloc_desc, mapto) - 8usize];
    [
        "Offset of field: iomm_alloc_desc::flags",
    ][::core::mem::offset_of!(iomm_alloc_desc, flags) - 12usize];
    [
        "Offset of field: iomm_alloc_desc::prot",
    ][::core::mem::offset_of!(iomm_alloc_desc, prot) - 16usize];
    [
        "Offset of field: iomm_alloc_desc::range_count",
    ][::core::mem::offset_of!(iomm_alloc_desc, range_count) - 20usize];
    [
        "Offset of field: iomm_alloc_desc::granularity",
    ][::core::mem::offset_of!(iomm_alloc_desc, granularity) - 24usize];
    [
        "Offset of field: iomm_alloc_desc::alignment",
    ][::core::mem::offset_of!(iomm_alloc_desc, alignment) - 32usize];
    [
        "Offset of field: iomm_alloc_desc::ranges",
    ][::core::mem::offset_of!(iomm_alloc_desc, ranges) - 40usize];
    [
        "Offset of field: iomm_alloc_desc::anchor",
    ][::core::mem::offset_of!(iomm_alloc_desc, anchor) - 48usize];
    [
        "Offset of field: iomm_alloc_desc::distance",
    ][::core::mem::offset_of!(iomm_alloc_desc, distance) - 56usize];
    [
        "Offset of field: iomm_alloc_desc::data",
    ][::core::mem::offset_of!(iomm_alloc_desc, data) - 64usize];
    [
        "Offset of field: iomm_alloc_desc::fill",
    ][::core::mem::offset_of!(iomm_alloc_desc, fill) - 72usize];
    [
        "Offset of field: iomm_alloc_desc::invalidate",
    ][::core::mem::offset_of!(iomm_alloc_desc, invalidate) - 80usize];
    [
        "Offset of field: iomm_alloc_desc::on_map",
    ][::core::mem::offset_of!(iomm_alloc_desc, on_map) - 88usize];
    [
        "Offset of field: iomm_alloc_desc::on_unmap",
    ][::core::mem::offset_of!(iomm_alloc_desc, on_unmap) - 96usize];
};
impl Default for iomm_alloc_desc {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_allocator_config {
    pub size: u32,
    pub flags: u32,
    pub lanes: u32,
    pub type_count: u32,
    pub type_stride: u32,
    pub reserved: u32,
    pub types: *const iomm_alloc_desc,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_allocator_config",
    ][::core::mem::size_of::<iomm_allocator_config>() - 32usize];
    [
        "Alignment of iomm_allocator_config",
    ][::core::mem::align_of::<iomm_allocator_config>() - 8usize];
    [
        "Offset of field: iomm_allocator_config::size",
    ][::core::mem::offset_of!(iomm_allocator_config, size) - 0usize];
    [
        "Offset of field: iomm_allocator_config::flags",
    ][::core::mem::offset_of!(iomm_allocator_config, flags) - 4usize];
    [
        "Offset of field: iomm_allocator_config::lanes",
    ][::core::mem::offset_of!(iomm_allocator_config, lanes) - 8usize];
    [
        "Offset of field: iomm_allocator_config::type_count",
    ][::core::mem::offset_of!(iomm_allocator_config, type_count) - 12usize];
    [
        "Offset of field: iomm_allocator_config::type_stride",
    ][::core::mem::offset_of!(iomm_allocator_config, type_stride) - 16usize];
    [
        "Offset of field: iomm_allocator_config::reserved",
    ][::core::mem::offset_of!(iomm_allocator_config, reserved) - 20usize];
    [
        "Offset of field: iomm_allocator_config::types",
    ][::core::mem::offset_of!(iomm_allocator_config, types) - 24usize];
};
impl Default for iomm_allocator_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_alloc_grant {
    pub size: u32,
    pub flags: u32,
    pub prot: u32,
    pub type_: u32,
    pub bytes: iomm_u64,
    pub align: iomm_u64,
    pub first: iomm_u64,
    pub last: iomm_u64,
    pub address: *mut ::core::ffi::c_void,
    pub alias: *mut ::core::ffi::c_void,
    pub cookie: iomm_u64,
    pub huge: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_alloc_grant"][::core::mem::size_of::<iomm_alloc_grant>() - 80usize];
    [
        "Alignment of iomm_alloc_grant",
    ][::core::mem::align_of::<iomm_alloc_grant>() - 8usize];
    [
        "Offset of field: iomm_alloc_grant::size",
    ][::core::mem::offset_of!(iomm_alloc_grant, size) - 0usize];
    [
        "Offset of field: iomm_alloc_grant::flags",
    ][::core::mem::offset_of!(iomm_alloc_grant, flags) - 4usize];
    [
        "Offset of field: iomm_alloc_grant::prot",
    ][::core::mem::offset_of!(iomm_alloc_grant, prot) - 8usize];
    [
        "Offset of field: iomm_alloc_grant::type_",
    ][::core::mem::offset_of!(iomm_alloc_grant, type_) - 12usize];
    [
        "Offset of field: iomm_alloc_grant::bytes",
    ][::core::mem::offset_of!(iomm_alloc_grant, bytes) - 16usize];
    [
        "Offset of field: iomm_alloc_grant::align",
    ][::core::mem::offset_of!(iomm_alloc_grant, align) - 24usize];
    [
        "Offset of field: iomm_alloc_grant::first",
    ][::core::mem::offset_of!(iomm_alloc_grant, first) - 32usize];
    [
        "Offset of field: iomm_alloc_grant::last",
    ][::core::mem::offset_of!(iomm_alloc_grant, last) - 40usize];
    [
        "Offset of field: iomm_alloc_grant::address",
    ][::core::mem::offset_of!(iomm_alloc_grant, address) - 48usize];
    [
        "Offset of field: iomm_alloc_grant::alias",
    ][::core::mem::offset_of!(iomm_alloc_grant, alias) - 56usize];
    [
        "Offset of field: iomm_alloc_grant::cookie",
    ][::core::mem::offset_of!(iomm_alloc_grant, cookie) - 64usize];
    [
        "Offset of field: iomm_alloc_grant::huge",
    ][::core::mem::offset_of!(iomm_alloc_grant, huge) - 72usize];
};
impl Default for iomm_alloc_grant {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_alloc_backend_ops {
    pub size: u32,
    pub flags: u32,
    pub page: iomm_u64,
    pub huge: iomm_u64,
    pub alive: *const u32,
    pub map: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            grant: *mut iomm_alloc_grant,
        ) -> ::core::ffi::c_int,
    >,
    pub unmap: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            grant: *const iomm_alloc_grant,
        ) -> ::core::ffi::c_int,
    >,
    pub protect: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            grant: *const iomm_alloc_grant,
            address: *mut ::core::ffi::c_void,
            bytes: u64,
            prot: u32,
        ) -> ::core::ffi::c_int,
    >,
    pub flush: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: *mut ::core::ffi::c_void,
            bytes: u64,
        ),
    >,
    pub barrier: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_alloc_backend_ops",
    ][::core::mem::size_of::<iomm_alloc_backend_ops>() - 72usize];
    [
        "Alignment of iomm_alloc_backend_ops",
    ][::core::mem::align_of::<iomm_alloc_backend_ops>() - 8usize];
    [
        "Offset of field: iomm_alloc_backend_ops::size",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, size) - 0usize];
    [
        "Offset of field: iomm_alloc_backend_ops::flags",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, flags) - 4usize];
    [
        "Offset of field: iomm_alloc_backend_ops::page",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, page) - 8usize];
    [
        "Offset of field: iomm_alloc_backend_ops::huge",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, huge) - 16usize];
    [
        "Offset of field: iomm_alloc_backend_ops::alive",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, alive) - 24usize];
    [
        "Offset of field: iomm_alloc_backend_ops::map",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, map) - 32usize];
    [
        "Offset of field: iomm_alloc_backend_ops::unmap",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, unmap) - 40usize];
    [
        "Offset of field: iomm_alloc_backend_ops::protect",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, protect) - 48usize];
    [
        "Offset of field: iomm_alloc_backend_ops::flush",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, flush) - 56usize];
    [
        "Offset of field: iomm_alloc_backend_ops::barrier",
    ][::core::mem::offset_of!(iomm_alloc_backend_ops, barrier) - 64usize];
};
impl Default for iomm_alloc_backend_ops {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_alloc_part {
    pub size: u32,
    pub type_: u32,
    pub bytes: iomm_u64,
    pub address: *mut ::core::ffi::c_void,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_alloc_part"][::core::mem::size_of::<iomm_alloc_part>() - 24usize];
    [
        "Alignment of iomm_alloc_part",
    ][::core::mem::align_of::<iomm_alloc_part>() - 8usize];
    [
        "Offset of field: iomm_alloc_part::size",
    ][::core::mem::offset_of!(iomm_alloc_part, size) - 0usize];
    [
        "Offset of field: iomm_alloc_part::type_",
    ][::core::mem::offset_of!(iomm_alloc_part, type_) - 4usize];
    [
        "Offset of field: iomm_alloc_part::bytes",
    ][::core::mem::offset_of!(iomm_alloc_part, bytes) - 8usize];
    [
        "Offset of field: iomm_alloc_part::address",
    ][::core::mem::offset_of!(iomm_alloc_part, address) - 16usize];
};
impl Default for iomm_alloc_part {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_allocation {
    pub size: u32,
    pub type_: u32,
    pub flags: u32,
    pub prot: u32,
    pub address: *mut ::core::ffi::c_void,
    pub bytes: iomm_u64,
    pub grant: *mut ::core::ffi::c_void,
    pub grant_bytes: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_allocation"][::core::mem::size_of::<iomm_allocation>() - 48usize];
    [
        "Alignment of iomm_allocation",
    ][::core::mem::align_of::<iomm_allocation>() - 8usize];
    [
        "Offset of field: iomm_allocation::size",
    ][::core::mem::offset_of!(iomm_allocation, size) - 0usize];
    [
        "Offset of field: iomm_allocation::type_",
    ][::core::mem::offset_of!(iomm_allocation, type_) - 4usize];
    [
        "Offset of field: iomm_allocation::flags",
    ][::core::mem::offset_of!(iomm_allocation, flags) - 8usize];
    [
        "Offset of field: iomm_allocation::prot",
    ][::core::mem::offset_of!(iomm_allocation, prot) - 12usize];
    [
        "Offset of field: iomm_allocation::address",
    ][::core::mem::offset_of!(iomm_allocation, address) - 16usize];
    [
        "Offset of field: iomm_allocation::bytes",
    ][::core::mem::offset_of!(iomm_allocation, bytes) - 24usize];
    [
        "Offset of field: iomm_allocation::grant",
    ][::core::mem::offset_of!(iomm_allocation, grant) - 32usize];
    [
        "Offset of field: iomm_allocation::grant_bytes",
    ][::core::mem::offset_of!(iomm_allocation, grant_bytes) - 40usize];
};
impl Default for iomm_allocation {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_allocator_info {
    pub size: u32,
    pub flags: u32,
    pub page: iomm_u64,
    pub huge: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_allocator_info",
    ][::core::mem::size_of::<iomm_allocator_info>() - 24usize];
    [
        "Alignment of iomm_allocator_info",
    ][::core::mem::align_of::<iomm_allocator_info>() - 8usize];
    [
        "Offset of field: iomm_allocator_info::size",
    ][::core::mem::offset_of!(iomm_allocator_info, size) - 0usize];
    [
        "Offset of field: iomm_allocator_info::flags",
    ][::core::mem::offset_of!(iomm_allocator_info, flags) - 4usize];
    [
        "Offset of field: iomm_allocator_info::page",
    ][::core::mem::offset_of!(iomm_allocator_info, page) - 8usize];
    [
        "Offset of field: iomm_allocator_info::huge",
    ][::core::mem::offset_of!(iomm_allocator_info, huge) - 16usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_alloc_stats {
    pub size: u32,
    pub flags: u32,
    pub allocations: iomm_u64,
    pub asked: iomm_u64,
    pub granted: iomm_u64,
    pub wasted: iomm_u64,
    pub grants: iomm_u64,
    pub largest_hole: iomm_u64,
    pub waiting: iomm_u64,
    pub huge: iomm_u64,
    pub book: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_alloc_stats"][::core::mem::size_of::<iomm_alloc_stats>() - 80usize];
    [
        "Alignment of iomm_alloc_stats",
    ][::core::mem::align_of::<iomm_alloc_stats>() - 8usize];
    [
        "Offset of field: iomm_alloc_stats::size",
    ][::core::mem::offset_of!(iomm_alloc_stats, size) - 0usize];
    [
        "Offset of field: iomm_alloc_stats::flags",
    ][::core::mem::offset_of!(iomm_alloc_stats, flags) - 4usize];
    [
        "Offset of field: iomm_alloc_stats::allocations",
    ][::core::mem::offset_of!(iomm_alloc_stats, allocations) - 8usize];
    [
        "Offset of field: iomm_alloc_stats::asked",
    ][::core::mem::offset_of!(iomm_alloc_stats, asked) - 16usize];
    [
        "Offset of field: iomm_alloc_stats::granted",
    ][::core::mem::offset_of!(iomm_alloc_stats, granted) - 24usize];
    [
        "Offset of field: iomm_alloc_stats::wasted",
    ][::core::mem::offset_of!(iomm_alloc_stats, wasted) - 32usize];
    [
        "Offset of field: iomm_alloc_stats::grants",
    ][::core::mem::offset_of!(iomm_alloc_stats, grants) - 40usize];
    [
        "Offset of field: iomm_alloc_stats::largest_hole",
    ][::core::mem::offset_of!(iomm_alloc_stats, largest_hole) - 48usize];
    [
        "Offset of field: iomm_alloc_stats::waiting",
    ][::core::mem::offset_of!(iomm_alloc_stats, waiting) - 56usize];
    [
        "Offset of field: iomm_alloc_stats::huge",
    ][::core::mem::offset_of!(iomm_alloc_stats, huge) - 64usize];
    [
        "Offset of field: iomm_alloc_stats::book",
    ][::core::mem::offset_of!(iomm_alloc_stats, book) - 72usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_bus_ops {
    pub size: u32,
    pub flags: u32,
    pub check_address: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: u64,
        ) -> ::core::ffi::c_int,
    >,
    pub node: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: u64,
            node: *mut u64,
        ) -> ::core::ffi::c_int,
    >,
    pub inputs: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            address: u64,
            inputs: *mut u64,
            room: u32,
            count: *mut u32,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_bus_ops"][::core::mem::size_of::<iomm_bus_ops>() - 32usize];
    ["Alignment of iomm_bus_ops"][::core::mem::align_of::<iomm_bus_ops>() - 8usize];
    [
        "Offset of field: iomm_bus_ops::size",
    ][::core::mem::offset_of!(iomm_bus_ops, size) - 0usize];
    [
        "Offset of field: iomm_bus_ops::flags",
    ][::core::mem::offset_of!(iomm_bus_ops, flags) - 4usize];
    [
        "Offset of field: iomm_bus_ops::check_address",
    ][::core::mem::offset_of!(iomm_bus_ops, check_address) - 8usize];
    [
        "Offset of field: iomm_bus_ops::node",
    ][::core::mem::offset_of!(iomm_bus_ops, node) - 16usize];
    [
        "Offset of field: iomm_bus_ops::inputs",
    ][::core::mem::offset_of!(iomm_bus_ops, inputs) - 24usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct iomm_gather {
    pub size: u32,
    pub flags: u32,
    pub pgtable: *mut iomm_pgtable,
    pub start: iomm_u64,
    pub last: iomm_u64,
    pub page_size: iomm_u64,
    pub tables: *mut ::core::ffi::c_void,
    pub reserved: [iomm_u64; 2usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_gather"][::core::mem::size_of::<iomm_gather>() - 64usize];
    ["Alignment of iomm_gather"][::core::mem::align_of::<iomm_gather>() - 8usize];
    [
        "Offset of field: iomm_gather::size",
    ][::core::mem::offset_of!(iomm_gather, size) - 0usize];
    [
        "Offset of field: iomm_gather::flags",
    ][::core::mem::offset_of!(iomm_gather, flags) - 4usize];
    [
        "Offset of field: iomm_gather::pgtable",
    ][::core::mem::offset_of!(iomm_gather, pgtable) - 8usize];
    [
        "Offset of field: iomm_gather::start",
    ][::core::mem::offset_of!(iomm_gather, start) - 16usize];
    [
        "Offset of field: iomm_gather::last",
    ][::core::mem::offset_of!(iomm_gather, last) - 24usize];
    [
        "Offset of field: iomm_gather::page_size",
    ][::core::mem::offset_of!(iomm_gather, page_size) - 32usize];
    [
        "Offset of field: iomm_gather::tables",
    ][::core::mem::offset_of!(iomm_gather, tables) - 40usize];
    [
        "Offset of field: iomm_gather::reserved",
    ][::core::mem::offset_of!(iomm_gather, reserved) - 48usize];
};
impl Default for iomm_gather {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_pgtable_config {
    pub size: u32,
    pub flags: u32,
    pub granule: iomm_u64,
    pub page_sizes: iomm_u64,
    pub ias: u32,
    pub oas: u32,
    pub max_table_pa: iomm_u64,
    pub memory: *mut iomm_table_memory,
    pub root_pa: iomm_u64,
    pub numa_node: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_pgtable_config",
    ][::core::mem::size_of::<iomm_pgtable_config>() - 64usize];
    [
        "Alignment of iomm_pgtable_config",
    ][::core::mem::align_of::<iomm_pgtable_config>() - 8usize];
    [
        "Offset of field: iomm_pgtable_config::size",
    ][::core::mem::offset_of!(iomm_pgtable_config, size) - 0usize];
    [
        "Offset of field: iomm_pgtable_config::flags",
    ][::core::mem::offset_of!(iomm_pgtable_config, flags) - 4usize];
    [
        "Offset of field: iomm_pgtable_config::granule",
    ][::core::mem::offset_of!(iomm_pgtable_config, granule) - 8usize];
    [
        "Offset of field: iomm_pgtable_config::page_sizes",
    ][::core::mem::offset_of!(iomm_pgtable_config, page_sizes) - 16usize];
    [
        "Offset of field: iomm_pgtable_config::ias",
    ][::core::mem::offset_of!(iomm_pgtable_config, ias) - 24usize];
    [
        "Offset of field: iomm_pgtable_config::oas",
    ][::core::mem::offset_of!(iomm_pgtable_config, oas) - 28usize];
    [
        "Offset of field: iomm_pgtable_config::max_table_pa",
    ][::core::mem::offset_of!(iomm_pgtable_config, max_table_pa) - 32usize];
    [
        "Offset of field: iomm_pgtable_config::memory",
    ][::core::mem::offset_of!(iomm_pgtable_config, memory) - 40usize];
    [
        "Offset of field: iomm_pgtable_config::root_pa",
    ][::core::mem::offset_of!(iomm_pgtable_config, root_pa) - 48usize];
    [
        "Offset of field: iomm_pgtable_config::numa_node",
    ][::core::mem::offset_of!(iomm_pgtable_config, numa_node) - 56usize];
    [
        "Offset of field: iomm_pgtable_config::reserved",
    ][::core::mem::offset_of!(iomm_pgtable_config, reserved) - 60usize];
};
impl Default for iomm_pgtable_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_tlb_ops {
    pub size: u32,
    pub flags: u32,
    pub flush: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            iova: u64,
            last: u64,
            page_size: u64,
            flags: u32,
        ) -> ::core::ffi::c_int,
    >,
    pub flush_all: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_tlb_ops"][::core::mem::size_of::<iomm_tlb_ops>() - 24usize];
    ["Alignment of iomm_tlb_ops"][::core::mem::align_of::<iomm_tlb_ops>() - 8usize];
    [
        "Offset of field: iomm_tlb_ops::size",
    ][::core::mem::offset_of!(iomm_tlb_ops, size) - 0usize];
    [
        "Offset of field: iomm_tlb_ops::flags",
    ][::core::mem::offset_of!(iomm_tlb_ops, flags) - 4usize];
    [
        "Offset of field: iomm_tlb_ops::flush",
    ][::core::mem::offset_of!(iomm_tlb_ops, flush) - 8usize];
    [
        "Offset of field: iomm_tlb_ops::flush_all",
    ][::core::mem::offset_of!(iomm_tlb_ops, flush_all) - 16usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_pgtable_info {
    pub size: u32,
    pub flags: u32,
    pub granule: iomm_u64,
    pub page_sizes: iomm_u64,
    pub ias: u32,
    pub oas: u32,
    pub first_iova: iomm_u64,
    pub last_iova: iomm_u64,
    pub root_pa: iomm_u64,
    pub tables: iomm_u64,
    pub table_bytes: iomm_u64,
    pub quarantined: iomm_u64,
    pub regs: [iomm_u64; 8usize],
    pub spare: iomm_u64,
    pub foreign: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_pgtable_info",
    ][::core::mem::size_of::<iomm_pgtable_info>() - 160usize];
    [
        "Alignment of iomm_pgtable_info",
    ][::core::mem::align_of::<iomm_pgtable_info>() - 8usize];
    [
        "Offset of field: iomm_pgtable_info::size",
    ][::core::mem::offset_of!(iomm_pgtable_info, size) - 0usize];
    [
        "Offset of field: iomm_pgtable_info::flags",
    ][::core::mem::offset_of!(iomm_pgtable_info, flags) - 4usize];
    [
        "Offset of field: iomm_pgtable_info::granule",
    ][::core::mem::offset_of!(iomm_pgtable_info, granule) - 8usize];
    [
        "Offset of field: iomm_pgtable_info::page_sizes",
    ][::core::mem::offset_of!(iomm_pgtable_info, page_sizes) - 16usize];
    [
        "Offset of field: iomm_pgtable_info::ias",
    ][::core::mem::offset_of!(iomm_pgtable_info, ias) - 24usize];
    [
        "Offset of field: iomm_pgtable_info::oas",
    ][::core::mem::offset_of!(iomm_pgtable_info, oas) - 28usize];
    [
        "Offset of field: iomm_pgtable_info::first_iova",
    ][::core::mem::offset_of!(iomm_pgtable_info, first_iova) - 32usize];
    [
        "Offset of field: iomm_pgtable_info::last_iova",
    ][::core::mem::offset_of!(iomm_pgtable_info, last_iova) - 40usize];
    [
        "Offset of field: iomm_pgtable_info::root_pa",
    ][::core::mem::offset_of!(iomm_pgtable_info, root_pa) - 48usize];
    [
        "Offset of field: iomm_pgtable_info::tables",
    ][::core::mem::offset_of!(iomm_pgtable_info, tables) - 56usize];
    [
        "Offset of field: iomm_pgtable_info::table_bytes",
    ][::core::mem::offset_of!(iomm_pgtable_info, table_bytes) - 64usize];
    [
        "Offset of field: iomm_pgtable_info::quarantined",
    ][::core::mem::offset_of!(iomm_pgtable_info, quarantined) - 72usize];
    [
        "Offset of field: iomm_pgtable_info::regs",
    ][::core::mem::offset_of!(iomm_pgtable_info, regs) - 80usize];
    [
        "Offset of field: iomm_pgtable_info::spare",
    ][::core::mem::offset_of!(iomm_pgtable_info, spare) - 144usize];
    [
        "Offset of field: iomm_pgtable_info::foreign",
    ][::core::mem::offset_of!(iomm_pgtable_info, foreign) - 152usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_translation {
    pub size: u32,
    pub prot: u32,
    pub paddr: iomm_u64,
    pub page_size: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_translation"][::core::mem::size_of::<iomm_translation>() - 24usize];
    [
        "Alignment of iomm_translation",
    ][::core::mem::align_of::<iomm_translation>() - 8usize];
    [
        "Offset of field: iomm_translation::size",
    ][::core::mem::offset_of!(iomm_translation, size) - 0usize];
    [
        "Offset of field: iomm_translation::prot",
    ][::core::mem::offset_of!(iomm_translation, prot) - 4usize];
    [
        "Offset of field: iomm_translation::paddr",
    ][::core::mem::offset_of!(iomm_translation, paddr) - 8usize];
    [
        "Offset of field: iomm_translation::page_size",
    ][::core::mem::offset_of!(iomm_translation, page_size) - 16usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_walk_entry {
    pub size: u32,
    pub kind: u32,
    pub level: i32,
    pub prot: u32,
    pub iova: iomm_u64,
    pub bytes: iomm_u64,
    pub paddr: iomm_u64,
    pub raw: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_walk_entry"][::core::mem::size_of::<iomm_walk_entry>() - 48usize];
    [
        "Alignment of iomm_walk_entry",
    ][::core::mem::align_of::<iomm_walk_entry>() - 8usize];
    [
        "Offset of field: iomm_walk_entry::size",
    ][::core::mem::offset_of!(iomm_walk_entry, size) - 0usize];
    [
        "Offset of field: iomm_walk_entry::kind",
    ][::core::mem::offset_of!(iomm_walk_entry, kind) - 4usize];
    [
        "Offset of field: iomm_walk_entry::level",
    ][::core::mem::offset_of!(iomm_walk_entry, level) - 8usize];
    [
        "Offset of field: iomm_walk_entry::prot",
    ][::core::mem::offset_of!(iomm_walk_entry, prot) - 12usize];
    [
        "Offset of field: iomm_walk_entry::iova",
    ][::core::mem::offset_of!(iomm_walk_entry, iova) - 16usize];
    [
        "Offset of field: iomm_walk_entry::bytes",
    ][::core::mem::offset_of!(iomm_walk_entry, bytes) - 24usize];
    [
        "Offset of field: iomm_walk_entry::paddr",
    ][::core::mem::offset_of!(iomm_walk_entry, paddr) - 32usize];
    [
        "Offset of field: iomm_walk_entry::raw",
    ][::core::mem::offset_of!(iomm_walk_entry, raw) - 40usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_extent {
    pub iova: iomm_u64,
    pub bytes: iomm_u64,
    pub paddr: iomm_u64,
    pub prot: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_extent"][::core::mem::size_of::<iomm_extent>() - 32usize];
    ["Alignment of iomm_extent"][::core::mem::align_of::<iomm_extent>() - 8usize];
    [
        "Offset of field: iomm_extent::iova",
    ][::core::mem::offset_of!(iomm_extent, iova) - 0usize];
    [
        "Offset of field: iomm_extent::bytes",
    ][::core::mem::offset_of!(iomm_extent, bytes) - 8usize];
    [
        "Offset of field: iomm_extent::paddr",
    ][::core::mem::offset_of!(iomm_extent, paddr) - 16usize];
    [
        "Offset of field: iomm_extent::prot",
    ][::core::mem::offset_of!(iomm_extent, prot) - 24usize];
    [
        "Offset of field: iomm_extent::reserved",
    ][::core::mem::offset_of!(iomm_extent, reserved) - 28usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_segment {
    pub paddr: iomm_u64,
    pub bytes: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_segment"][::core::mem::size_of::<iomm_segment>() - 16usize];
    ["Alignment of iomm_segment"][::core::mem::align_of::<iomm_segment>() - 8usize];
    [
        "Offset of field: iomm_segment::paddr",
    ][::core::mem::offset_of!(iomm_segment, paddr) - 0usize];
    [
        "Offset of field: iomm_segment::bytes",
    ][::core::mem::offset_of!(iomm_segment, bytes) - 8usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_codec_table {
    pub size: u32,
    pub flags: u32,
    pub ias: u32,
    pub oas: u32,
    pub root: iomm_u64,
    pub first_iova: iomm_u64,
    pub start_level: u32,
    pub pad: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_codec_table"][::core::mem::size_of::<iomm_codec_table>() - 40usize];
    [
        "Alignment of iomm_codec_table",
    ][::core::mem::align_of::<iomm_codec_table>() - 8usize];
    [
        "Offset of field: iomm_codec_table::size",
    ][::core::mem::offset_of!(iomm_codec_table, size) - 0usize];
    [
        "Offset of field: iomm_codec_table::flags",
    ][::core::mem::offset_of!(iomm_codec_table, flags) - 4usize];
    [
        "Offset of field: iomm_codec_table::ias",
    ][::core::mem::offset_of!(iomm_codec_table, ias) - 8usize];
    [
        "Offset of field: iomm_codec_table::oas",
    ][::core::mem::offset_of!(iomm_codec_table, oas) - 12usize];
    [
        "Offset of field: iomm_codec_table::root",
    ][::core::mem::offset_of!(iomm_codec_table, root) - 16usize];
    [
        "Offset of field: iomm_codec_table::first_iova",
    ][::core::mem::offset_of!(iomm_codec_table, first_iova) - 24usize];
    [
        "Offset of field: iomm_codec_table::start_level",
    ][::core::mem::offset_of!(iomm_codec_table, start_level) - 32usize];
    [
        "Offset of field: iomm_codec_table::pad",
    ][::core::mem::offset_of!(iomm_codec_table, pad) - 36usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_codec {
    pub size: u32,
    pub flags: u32,
    pub page_shift: u32,
    pub levels: u32,
    pub top_level: i32,
    pub concat: u32,
    pub min_root: u32,
    pub min_ias: u32,
    pub max_ias: u32,
    pub max_oas: u32,
    pub ias: u32,
    pub oas: u32,
    pub leaf_levels: u32,
    pub nr_regs: u32,
    pub run_shift: [u8; 8usize],
    pub valid: iomm_u64,
    pub run: iomm_u64,
    pub attrs: iomm_u64,
    pub breaks: iomm_u64,
    pub accessed: iomm_u64,
    pub dirty_mask: iomm_u64,
    pub dirty_value: iomm_u64,
    pub dirty: iomm_u64,
    pub restricts: iomm_u64,
    pub page_step: iomm_u64,
    pub prot: u32,
    pub table_flags: u32,
    pub data: *mut ::core::ffi::c_void,
    pub next: *const iomm_codec,
    pub leaf: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            pa: u64,
            attrs: u64,
            level: u32,
        ) -> u64,
    >,
    pub link: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            pa: u64,
            table_flags: u32,
        ) -> u64,
    >,
    pub kind: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            desc: u64,
            level: u32,
        ) -> u32,
    >,
    pub leaf_address: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            desc: u64,
            level: u32,
        ) -> u64,
    >,
    pub link_address: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, desc: u64) -> u64,
    >,
    pub encode: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            prot: u32,
            table_flags: u32,
            attrs: *mut u64,
        ) -> ::core::ffi::c_int,
    >,
    pub decode: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            desc: u64,
            regs: *const u64,
            restricts: u64,
        ) -> u32,
    >,
    pub registers: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            table: *const iomm_codec_table,
            regs: *mut u64,
        ),
    >,
    pub start: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            regs: *const u64,
            table: *mut iomm_codec_table,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_codec"][::core::mem::size_of::<iomm_codec>() - 240usize];
    ["Alignment of iomm_codec"][::core::mem::align_of::<iomm_codec>() - 8usize];
    [
        "Offset of field: iomm_codec::size",
    ][::core::mem::offset_of!(iomm_codec, size) - 0usize];
    [
        "Offset of field: iomm_codec::flags",
    ][::core::mem::offset_of!(iomm_codec, flags) - 4usize];
    [
        "Offset of field: iomm_codec::page_shift",
    ][::core::mem::offset_of!(iomm_codec, page_shift) - 8usize];
    [
        "Offset of field: iomm_codec::levels",
    ][::core::mem::offset_of!(iomm_codec, levels) - 12usize];
    [
        "Offset of field: iomm_codec::top_level",
    ][::core::mem::offset_of!(iomm_codec, top_level) - 16usize];
    [
        "Offset of field: iomm_codec::concat",
    ][::core::mem::offset_of!(iomm_codec, concat) - 20usize];
    [
        "Offset of field: iomm_codec::min_root",
    ][::core::mem::offset_of!(iomm_codec, min_root) - 24usize];
    [
        "Offset of field: iomm_codec::min_ias",
    ][::core::mem::offset_of!(iomm_codec, min_ias) - 28usize];
    [
        "Offset of field: iomm_codec::max_ias",
    ][::core::mem::offset_of!(iomm_codec, max_ias) - 32usize];
    [
        "Offset of field: iomm_codec::max_oas",
    ][::core::mem::offset_of!(iomm_codec, max_oas) - 36usize];
    [
        "Offset of field: iomm_codec::ias",
    ][::core::mem::offset_of!(iomm_codec, ias) - 40usize];
    [
        "Offset of field: iomm_codec::oas",
    ][::core::mem::offset_of!(iomm_codec, oas) - 44usize];
    [
        "Offset of field: iomm_codec::leaf_levels",
    ][::core::mem::offset_of!(iomm_codec, leaf_levels) - 48usize];
    [
        "Offset of field: iomm_codec::nr_regs",
    ][::core::mem::offset_of!(iomm_codec, nr_regs) - 52usize];
    [
        "Offset of field: iomm_codec::run_shift",
    ][::core::mem::offset_of!(iomm_codec, run_shift) - 56usize];
    [
        "Offset of field: iomm_codec::valid",
    ][::core::mem::offset_of!(iomm_codec, valid) - 64usize];
    [
        "Offset of field: iomm_codec::run",
    ][::core::mem::offset_of!(iomm_codec, run) - 72usize];
    [
        "Offset of field: iomm_codec::attrs",
    ][::core::mem::offset_of!(iomm_codec, attrs) - 80usize];
    [
        "Offset of field: iomm_codec::breaks",
    ][::core::mem::offset_of!(iomm_codec, breaks) - 88usize];
    [
        "Offset of field: iomm_codec::accessed",
    ][::core::mem::offset_of!(iomm_codec, accessed) - 96usize];
    [
        "Offset of field: iomm_codec::dirty_mask",
    ][::core::mem::offset_of!(iomm_codec, dirty_mask) - 104usize];
    [
        "Offset of field: iomm_codec::dirty_value",
    ][::core::mem::offset_of!(iomm_codec, dirty_value) - 112usize];
    [
        "Offset of field: iomm_codec::dirty",
    ][::core::mem::offset_of!(iomm_codec, dirty) - 120usize];
    [
        "Offset of field: iomm_codec::restricts",
    ][::core::mem::offset_of!(iomm_codec, restricts) - 128usize];
    [
        "Offset of field: iomm_codec::page_step",
    ][::core::mem::offset_of!(iomm_codec, page_step) - 136usize];
    [
        "Offset of field: iomm_codec::prot",
    ][::core::mem::offset_of!(iomm_codec, prot) - 144usize];
    [
        "Offset of field: iomm_codec::table_flags",
    ][::core::mem::offset_of!(iomm_codec, table_flags) - 148usize];
    [
        "Offset of field: iomm_codec::data",
    ][::core::mem::offset_of!(iomm_codec, data) - 152usize];
    [
        "Offset of field: iomm_codec::next",
    ][::core::mem::offset_of!(iomm_codec, next) - 160usize];
    [
        "Offset of field: iomm_codec::leaf",
    ][::core::mem::offset_of!(iomm_codec, leaf) - 168usize];
    [
        "Offset of field: iomm_codec::link",
    ][::core::mem::offset_of!(iomm_codec, link) - 176usize];
    [
        "Offset of field: iomm_codec::kind",
    ][::core::mem::offset_of!(iomm_codec, kind) - 184usize];
    [
        "Offset of field: iomm_codec::leaf_address",
    ][::core::mem::offset_of!(iomm_codec, leaf_address) - 192usize];
    [
        "Offset of field: iomm_codec::link_address",
    ][::core::mem::offset_of!(iomm_codec, link_address) - 200usize];
    [
        "Offset of field: iomm_codec::encode",
    ][::core::mem::offset_of!(iomm_codec, encode) - 208usize];
    [
        "Offset of field: iomm_codec::decode",
    ][::core::mem::offset_of!(iomm_codec, decode) - 216usize];
    [
        "Offset of field: iomm_codec::registers",
    ][::core::mem::offset_of!(iomm_codec, registers) - 224usize];
    [
        "Offset of field: iomm_codec::start",
    ][::core::mem::offset_of!(iomm_codec, start) - 232usize];
};
impl Default for iomm_codec {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_lock {
    pub opaque: [iomm_u64; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_lock"][::core::mem::size_of::<iomm_lock>() - 64usize];
    ["Alignment of iomm_lock"][::core::mem::align_of::<iomm_lock>() - 8usize];
    [
        "Offset of field: iomm_lock::opaque",
    ][::core::mem::offset_of!(iomm_lock, opaque) - 0usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_platform {
    pub size: u32,
    pub flags: u32,
    pub alloc: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            bytes: u64,
            align: u64,
        ) -> *mut ::core::ffi::c_void,
    >,
    pub free: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            ptr: *mut ::core::ffi::c_void,
            bytes: u64,
            align: u64,
        ),
    >,
    pub lock_init: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            lock: *mut iomm_lock,
        ) -> ::core::ffi::c_int,
    >,
    pub lock_fini: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, lock: *mut iomm_lock),
    >,
    pub lock: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, lock: *mut iomm_lock),
    >,
    pub unlock: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, lock: *mut iomm_lock),
    >,
    pub thread: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> *mut ::core::ffi::c_void,
    >,
    pub wait: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            word: *mut u32,
            expected: u32,
            deadline: u64,
        ),
    >,
    pub wake: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, word: *mut u32),
    >,
    pub time: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> u64,
    >,
    pub log: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            level: u32,
            tag: *const ::core::ffi::c_char,
            line: *const ::core::ffi::c_char,
        ),
    >,
    pub barrier: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> ::core::ffi::c_int,
    >,
    pub alloc_near: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            bytes: u64,
            align: u64,
            node: u32,
        ) -> *mut ::core::ffi::c_void,
    >,
    pub free_near: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            ptr: *mut ::core::ffi::c_void,
            bytes: u64,
            align: u64,
        ),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_platform"][::core::mem::size_of::<iomm_platform>() - 120usize];
    ["Alignment of iomm_platform"][::core::mem::align_of::<iomm_platform>() - 8usize];
    [
        "Offset of field: iomm_platform::size",
    ][::core::mem::offset_of!(iomm_platform, size) - 0usize];
    [
        "Offset of field: iomm_platform::flags",
    ][::core::mem::offset_of!(iomm_platform, flags) - 4usize];
    [
        "Offset of field: iomm_platform::alloc",
    ][::core::mem::offset_of!(iomm_platform, alloc) - 8usize];
    [
        "Offset of field: iomm_platform::free",
    ][::core::mem::offset_of!(iomm_platform, free) - 16usize];
    [
        "Offset of field: iomm_platform::lock_init",
    ][::core::mem::offset_of!(iomm_platform, lock_init) - 24usize];
    [
        "Offset of field: iomm_platform::lock_fini",
    ][::core::mem::offset_of!(iomm_platform, lock_fini) - 32usize];
    [
        "Offset of field: iomm_platform::lock",
    ][::core::mem::offset_of!(iomm_platform, lock) - 40usize];
    [
        "Offset of field: iomm_platform::unlock",
    ][::core::mem::offset_of!(iomm_platform, unlock) - 48usize];
    [
        "Offset of field: iomm_platform::thread",
    ][::core::mem::offset_of!(iomm_platform, thread) - 56usize];
    [
        "Offset of field: iomm_platform::wait",
    ][::core::mem::offset_of!(iomm_platform, wait) - 64usize];
    [
        "Offset of field: iomm_platform::wake",
    ][::core::mem::offset_of!(iomm_platform, wake) - 72usize];
    [
        "Offset of field: iomm_platform::time",
    ][::core::mem::offset_of!(iomm_platform, time) - 80usize];
    [
        "Offset of field: iomm_platform::log",
    ][::core::mem::offset_of!(iomm_platform, log) - 88usize];
    [
        "Offset of field: iomm_platform::barrier",
    ][::core::mem::offset_of!(iomm_platform, barrier) - 96usize];
    [
        "Offset of field: iomm_platform::alloc_near",
    ][::core::mem::offset_of!(iomm_platform, alloc_near) - 104usize];
    [
        "Offset of field: iomm_platform::free_near",
    ][::core::mem::offset_of!(iomm_platform, free_near) - 112usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ctx_events {
    pub size: u32,
    pub flags: u32,
    pub wakeup: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
    >,
    pub released: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, live_handles: u32),
    >,
    pub misuse: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            sentence: *const ::core::ffi::c_char,
        ),
    >,
    pub log: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            level: u32,
            tag: *const ::core::ffi::c_char,
            line: *const ::core::ffi::c_char,
        ),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_ctx_events"][::core::mem::size_of::<iomm_ctx_events>() - 40usize];
    [
        "Alignment of iomm_ctx_events",
    ][::core::mem::align_of::<iomm_ctx_events>() - 8usize];
    [
        "Offset of field: iomm_ctx_events::size",
    ][::core::mem::offset_of!(iomm_ctx_events, size) - 0usize];
    [
        "Offset of field: iomm_ctx_events::flags",
    ][::core::mem::offset_of!(iomm_ctx_events, flags) - 4usize];
    [
        "Offset of field: iomm_ctx_events::wakeup",
    ][::core::mem::offset_of!(iomm_ctx_events, wakeup) - 8usize];
    [
        "Offset of field: iomm_ctx_events::released",
    ][::core::mem::offset_of!(iomm_ctx_events, released) - 16usize];
    [
        "Offset of field: iomm_ctx_events::misuse",
    ][::core::mem::offset_of!(iomm_ctx_events, misuse) - 24usize];
    [
        "Offset of field: iomm_ctx_events::log",
    ][::core::mem::offset_of!(iomm_ctx_events, log) - 32usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_ctx_config {
    pub size: u32,
    pub flags: u32,
    pub log_level: u32,
    pub reserved: u32,
    pub platform: *const iomm_platform,
    pub platform_data: *mut ::core::ffi::c_void,
    pub platform_release: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
    >,
    pub events: *const iomm_ctx_events,
    pub events_data: *mut ::core::ffi::c_void,
    pub events_release: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_ctx_config"][::core::mem::size_of::<iomm_ctx_config>() - 64usize];
    [
        "Alignment of iomm_ctx_config",
    ][::core::mem::align_of::<iomm_ctx_config>() - 8usize];
    [
        "Offset of field: iomm_ctx_config::size",
    ][::core::mem::offset_of!(iomm_ctx_config, size) - 0usize];
    [
        "Offset of field: iomm_ctx_config::flags",
    ][::core::mem::offset_of!(iomm_ctx_config, flags) - 4usize];
    [
        "Offset of field: iomm_ctx_config::log_level",
    ][::core::mem::offset_of!(iomm_ctx_config, log_level) - 8usize];
    [
        "Offset of field: iomm_ctx_config::reserved",
    ][::core::mem::offset_of!(iomm_ctx_config, reserved) - 12usize];
    [
        "Offset of field: iomm_ctx_config::platform",
    ][::core::mem::offset_of!(iomm_ctx_config, platform) - 16usize];
    [
        "Offset of field: iomm_ctx_config::platform_data",
    ][::core::mem::offset_of!(iomm_ctx_config, platform_data) - 24usize];
    [
        "Offset of field: iomm_ctx_config::platform_release",
    ][::core::mem::offset_of!(iomm_ctx_config, platform_release) - 32usize];
    [
        "Offset of field: iomm_ctx_config::events",
    ][::core::mem::offset_of!(iomm_ctx_config, events) - 40usize];
    [
        "Offset of field: iomm_ctx_config::events_data",
    ][::core::mem::offset_of!(iomm_ctx_config, events_data) - 48usize];
    [
        "Offset of field: iomm_ctx_config::events_release",
    ][::core::mem::offset_of!(iomm_ctx_config, events_release) - 56usize];
};
impl Default for iomm_ctx_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug)]
pub struct iomm_cursor {
    pub size: u32,
    pub flags: u32,
    pub pgtable: *mut iomm_pgtable,
    pub table: *mut ::core::ffi::c_void,
    pub first: iomm_u64,
    pub span: iomm_u64,
    pub generation: iomm_u64,
    pub reserved: [iomm_u64; 2usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_cursor"][::core::mem::size_of::<iomm_cursor>() - 64usize];
    ["Alignment of iomm_cursor"][::core::mem::align_of::<iomm_cursor>() - 8usize];
    [
        "Offset of field: iomm_cursor::size",
    ][::core::mem::offset_of!(iomm_cursor, size) - 0usize];
    [
        "Offset of field: iomm_cursor::flags",
    ][::core::mem::offset_of!(iomm_cursor, flags) - 4usize];
    [
        "Offset of field: iomm_cursor::pgtable",
    ][::core::mem::offset_of!(iomm_cursor, pgtable) - 8usize];
    [
        "Offset of field: iomm_cursor::table",
    ][::core::mem::offset_of!(iomm_cursor, table) - 16usize];
    [
        "Offset of field: iomm_cursor::first",
    ][::core::mem::offset_of!(iomm_cursor, first) - 24usize];
    [
        "Offset of field: iomm_cursor::span",
    ][::core::mem::offset_of!(iomm_cursor, span) - 32usize];
    [
        "Offset of field: iomm_cursor::generation",
    ][::core::mem::offset_of!(iomm_cursor, generation) - 40usize];
    [
        "Offset of field: iomm_cursor::reserved",
    ][::core::mem::offset_of!(iomm_cursor, reserved) - 48usize];
};
impl Default for iomm_cursor {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_fwspec_info {
    pub size: u32,
    pub flags: u32,
    pub nr_iommus: u32,
    pub nr_regions: u32,
    pub nr_dma_ranges: u32,
    pub pasid_bits: u32,
    pub address_bits: u32,
    pub numa_node: u32,
    pub dma_first: iomm_u64,
    pub dma_last: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_fwspec_info"][::core::mem::size_of::<iomm_fwspec_info>() - 48usize];
    [
        "Alignment of iomm_fwspec_info",
    ][::core::mem::align_of::<iomm_fwspec_info>() - 8usize];
    [
        "Offset of field: iomm_fwspec_info::size",
    ][::core::mem::offset_of!(iomm_fwspec_info, size) - 0usize];
    [
        "Offset of field: iomm_fwspec_info::flags",
    ][::core::mem::offset_of!(iomm_fwspec_info, flags) - 4usize];
    [
        "Offset of field: iomm_fwspec_info::nr_iommus",
    ][::core::mem::offset_of!(iomm_fwspec_info, nr_iommus) - 8usize];
    [
        "Offset of field: iomm_fwspec_info::nr_regions",
    ][::core::mem::offset_of!(iomm_fwspec_info, nr_regions) - 12usize];
    [
        "Offset of field: iomm_fwspec_info::nr_dma_ranges",
    ][::core::mem::offset_of!(iomm_fwspec_info, nr_dma_ranges) - 16usize];
    [
        "Offset of field: iomm_fwspec_info::pasid_bits",
    ][::core::mem::offset_of!(iomm_fwspec_info, pasid_bits) - 20usize];
    [
        "Offset of field: iomm_fwspec_info::address_bits",
    ][::core::mem::offset_of!(iomm_fwspec_info, address_bits) - 24usize];
    [
        "Offset of field: iomm_fwspec_info::numa_node",
    ][::core::mem::offset_of!(iomm_fwspec_info, numa_node) - 28usize];
    [
        "Offset of field: iomm_fwspec_info::dma_first",
    ][::core::mem::offset_of!(iomm_fwspec_info, dma_first) - 32usize];
    [
        "Offset of field: iomm_fwspec_info::dma_last",
    ][::core::mem::offset_of!(iomm_fwspec_info, dma_last) - 40usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_specifier {
    pub size: u32,
    pub nr_cells: u32,
    pub iommu: iomm_u64,
    pub place: iomm_u64,
    pub cells: [u32; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_specifier"][::core::mem::size_of::<iomm_specifier>() - 56usize];
    ["Alignment of iomm_specifier"][::core::mem::align_of::<iomm_specifier>() - 8usize];
    [
        "Offset of field: iomm_specifier::size",
    ][::core::mem::offset_of!(iomm_specifier, size) - 0usize];
    [
        "Offset of field: iomm_specifier::nr_cells",
    ][::core::mem::offset_of!(iomm_specifier, nr_cells) - 4usize];
    [
        "Offset of field: iomm_specifier::iommu",
    ][::core::mem::offset_of!(iomm_specifier, iommu) - 8usize];
    [
        "Offset of field: iomm_specifier::place",
    ][::core::mem::offset_of!(iomm_specifier, place) - 16usize];
    [
        "Offset of field: iomm_specifier::cells",
    ][::core::mem::offset_of!(iomm_specifier, cells) - 24usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_reserved_region {
    pub size: u32,
    pub kind: u32,
    pub first: iomm_u64,
    pub last: iomm_u64,
    pub paddr: iomm_u64,
    pub prot: u32,
    pub flags: u32,
    pub place: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_reserved_region",
    ][::core::mem::size_of::<iomm_reserved_region>() - 48usize];
    [
        "Alignment of iomm_reserved_region",
    ][::core::mem::align_of::<iomm_reserved_region>() - 8usize];
    [
        "Offset of field: iomm_reserved_region::size",
    ][::core::mem::offset_of!(iomm_reserved_region, size) - 0usize];
    [
        "Offset of field: iomm_reserved_region::kind",
    ][::core::mem::offset_of!(iomm_reserved_region, kind) - 4usize];
    [
        "Offset of field: iomm_reserved_region::first",
    ][::core::mem::offset_of!(iomm_reserved_region, first) - 8usize];
    [
        "Offset of field: iomm_reserved_region::last",
    ][::core::mem::offset_of!(iomm_reserved_region, last) - 16usize];
    [
        "Offset of field: iomm_reserved_region::paddr",
    ][::core::mem::offset_of!(iomm_reserved_region, paddr) - 24usize];
    [
        "Offset of field: iomm_reserved_region::prot",
    ][::core::mem::offset_of!(iomm_reserved_region, prot) - 32usize];
    [
        "Offset of field: iomm_reserved_region::flags",
    ][::core::mem::offset_of!(iomm_reserved_region, flags) - 36usize];
    [
        "Offset of field: iomm_reserved_region::place",
    ][::core::mem::offset_of!(iomm_reserved_region, place) - 40usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_dma_range {
    pub size: u32,
    pub reserved: u32,
    pub first: iomm_u64,
    pub last: iomm_u64,
    pub paddr: iomm_u64,
    pub place: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_dma_range"][::core::mem::size_of::<iomm_dma_range>() - 40usize];
    ["Alignment of iomm_dma_range"][::core::mem::align_of::<iomm_dma_range>() - 8usize];
    [
        "Offset of field: iomm_dma_range::size",
    ][::core::mem::offset_of!(iomm_dma_range, size) - 0usize];
    [
        "Offset of field: iomm_dma_range::reserved",
    ][::core::mem::offset_of!(iomm_dma_range, reserved) - 4usize];
    [
        "Offset of field: iomm_dma_range::first",
    ][::core::mem::offset_of!(iomm_dma_range, first) - 8usize];
    [
        "Offset of field: iomm_dma_range::last",
    ][::core::mem::offset_of!(iomm_dma_range, last) - 16usize];
    [
        "Offset of field: iomm_dma_range::paddr",
    ][::core::mem::offset_of!(iomm_dma_range, paddr) - 24usize];
    [
        "Offset of field: iomm_dma_range::place",
    ][::core::mem::offset_of!(iomm_dma_range, place) - 32usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_device_config {
    pub size: u32,
    pub flags: u32,
    pub name: *const ::core::ffi::c_char,
    pub address: iomm_u64,
    pub dma_mask: iomm_u64,
    pub probe_timeout: iomm_u64,
    pub pasid_bits: u32,
    pub numa_node: u32,
    pub default_domain: u32,
    pub nr_specifiers: u32,
    pub specifier_stride: u32,
    pub nr_regions: u32,
    pub region_stride: u32,
    pub nr_dma_ranges: u32,
    pub dma_range_stride: u32,
    pub capabilities: u32,
    pub specifiers: *const iomm_specifier,
    pub regions: *const iomm_reserved_region,
    pub dma_ranges: *const iomm_dma_range,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_device_config",
    ][::core::mem::size_of::<iomm_device_config>() - 104usize];
    [
        "Alignment of iomm_device_config",
    ][::core::mem::align_of::<iomm_device_config>() - 8usize];
    [
        "Offset of field: iomm_device_config::size",
    ][::core::mem::offset_of!(iomm_device_config, size) - 0usize];
    [
        "Offset of field: iomm_device_config::flags",
    ][::core::mem::offset_of!(iomm_device_config, flags) - 4usize];
    [
        "Offset of field: iomm_device_config::name",
    ][::core::mem::offset_of!(iomm_device_config, name) - 8usize];
    [
        "Offset of field: iomm_device_config::address",
    ][::core::mem::offset_of!(iomm_device_config, address) - 16usize];
    [
        "Offset of field: iomm_device_config::dma_mask",
    ][::core::mem::offset_of!(iomm_device_config, dma_mask) - 24usize];
    [
        "Offset of field: iomm_device_config::probe_timeout",
    ][::core::mem::offset_of!(iomm_device_config, probe_timeout) - 32usize];
    [
        "Offset of field: iomm_device_config::pasid_bits",
    ][::core::mem::offset_of!(iomm_device_config, pasid_bits) - 40usize];
    [
        "Offset of field: iomm_device_config::numa_node",
    ][::core::mem::offset_of!(iomm_device_config, numa_node) - 44usize];
    [
        "Offset of field: iomm_device_config::default_domain",
    ][::core::mem::offset_of!(iomm_device_config, default_domain) - 48usize];
    [
        "Offset of field: iomm_device_config::nr_specifiers",
    ][::core::mem::offset_of!(iomm_device_config, nr_specifiers) - 52usize];
    [
        "Offset of field: iomm_device_config::specifier_stride",
    ][::core::mem::offset_of!(iomm_device_config, specifier_stride) - 56usize];
    [
        "Offset of field: iomm_device_config::nr_regions",
    ][::core::mem::offset_of!(iomm_device_config, nr_regions) - 60usize];
    [
        "Offset of field: iomm_device_config::region_stride",
    ][::core::mem::offset_of!(iomm_device_config, region_stride) - 64usize];
    [
        "Offset of field: iomm_device_config::nr_dma_ranges",
    ][::core::mem::offset_of!(iomm_device_config, nr_dma_ranges) - 68usize];
    [
        "Offset of field: iomm_device_config::dma_range_stride",
    ][::core::mem::offset_of!(iomm_device_config, dma_range_stride) - 72usize];
    [
        "Offset of field: iomm_device_config::capabilities",
    ][::core::mem::offset_of!(iomm_device_config, capabilities) - 76usize];
    [
        "Offset of field: iomm_device_config::specifiers",
    ][::core::mem::offset_of!(iomm_device_config, specifiers) - 80usize];
    [
        "Offset of field: iomm_device_config::regions",
    ][::core::mem::offset_of!(iomm_device_config, regions) - 88usize];
    [
        "Offset of field: iomm_device_config::dma_ranges",
    ][::core::mem::offset_of!(iomm_device_config, dma_ranges) - 96usize];
};
impl Default for iomm_device_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_device_info {
    pub size: u32,
    pub flags: u32,
    pub state: u32,
    pub nr_ids: u32,
    pub dma_mask: iomm_u64,
    pub dma_first: iomm_u64,
    pub dma_last: iomm_u64,
    pub pasid_bits: u32,
    pub numa_node: u32,
    pub default_domain: u32,
    pub group: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_device_info"][::core::mem::size_of::<iomm_device_info>() - 56usize];
    [
        "Alignment of iomm_device_info",
    ][::core::mem::align_of::<iomm_device_info>() - 8usize];
    [
        "Offset of field: iomm_device_info::size",
    ][::core::mem::offset_of!(iomm_device_info, size) - 0usize];
    [
        "Offset of field: iomm_device_info::flags",
    ][::core::mem::offset_of!(iomm_device_info, flags) - 4usize];
    [
        "Offset of field: iomm_device_info::state",
    ][::core::mem::offset_of!(iomm_device_info, state) - 8usize];
    [
        "Offset of field: iomm_device_info::nr_ids",
    ][::core::mem::offset_of!(iomm_device_info, nr_ids) - 12usize];
    [
        "Offset of field: iomm_device_info::dma_mask",
    ][::core::mem::offset_of!(iomm_device_info, dma_mask) - 16usize];
    [
        "Offset of field: iomm_device_info::dma_first",
    ][::core::mem::offset_of!(iomm_device_info, dma_first) - 24usize];
    [
        "Offset of field: iomm_device_info::dma_last",
    ][::core::mem::offset_of!(iomm_device_info, dma_last) - 32usize];
    [
        "Offset of field: iomm_device_info::pasid_bits",
    ][::core::mem::offset_of!(iomm_device_info, pasid_bits) - 40usize];
    [
        "Offset of field: iomm_device_info::numa_node",
    ][::core::mem::offset_of!(iomm_device_info, numa_node) - 44usize];
    [
        "Offset of field: iomm_device_info::default_domain",
    ][::core::mem::offset_of!(iomm_device_info, default_domain) - 48usize];
    [
        "Offset of field: iomm_device_info::group",
    ][::core::mem::offset_of!(iomm_device_info, group) - 52usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_device_id {
    pub iommu_node: iomm_u64,
    pub id: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_device_id"][::core::mem::size_of::<iomm_device_id>() - 16usize];
    ["Alignment of iomm_device_id"][::core::mem::align_of::<iomm_device_id>() - 8usize];
    [
        "Offset of field: iomm_device_id::iommu_node",
    ][::core::mem::offset_of!(iomm_device_id, iommu_node) - 0usize];
    [
        "Offset of field: iomm_device_id::id",
    ][::core::mem::offset_of!(iomm_device_id, id) - 8usize];
};
#[repr(C)]
#[derive(Debug)]
pub struct iomm_device_guard {
    pub size: u32,
    pub flags: u32,
    pub device: *mut iomm_device,
    pub thread: *mut ::core::ffi::c_void,
    pub reserved: [iomm_u64; 2usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_device_guard"][::core::mem::size_of::<iomm_device_guard>() - 40usize];
    [
        "Alignment of iomm_device_guard",
    ][::core::mem::align_of::<iomm_device_guard>() - 8usize];
    [
        "Offset of field: iomm_device_guard::size",
    ][::core::mem::offset_of!(iomm_device_guard, size) - 0usize];
    [
        "Offset of field: iomm_device_guard::flags",
    ][::core::mem::offset_of!(iomm_device_guard, flags) - 4usize];
    [
        "Offset of field: iomm_device_guard::device",
    ][::core::mem::offset_of!(iomm_device_guard, device) - 8usize];
    [
        "Offset of field: iomm_device_guard::thread",
    ][::core::mem::offset_of!(iomm_device_guard, thread) - 16usize];
    [
        "Offset of field: iomm_device_guard::reserved",
    ][::core::mem::offset_of!(iomm_device_guard, reserved) - 24usize];
};
impl Default for iomm_device_guard {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_probe_info {
    pub size: u32,
    pub flags: u32,
    pub name: *const ::core::ffi::c_char,
    pub ids: *const iomm_u64,
    pub nr_ids: u32,
    pub coherent: u32,
    pub pasid_bits: u32,
    pub numa_node: u32,
    pub dma_mask: iomm_u64,
    pub fwspec: *mut iomm_fwspec,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_probe_info"][::core::mem::size_of::<iomm_probe_info>() - 56usize];
    [
        "Alignment of iomm_probe_info",
    ][::core::mem::align_of::<iomm_probe_info>() - 8usize];
    [
        "Offset of field: iomm_probe_info::size",
    ][::core::mem::offset_of!(iomm_probe_info, size) - 0usize];
    [
        "Offset of field: iomm_probe_info::flags",
    ][::core::mem::offset_of!(iomm_probe_info, flags) - 4usize];
    [
        "Offset of field: iomm_probe_info::name",
    ][::core::mem::offset_of!(iomm_probe_info, name) - 8usize];
    [
        "Offset of field: iomm_probe_info::ids",
    ][::core::mem::offset_of!(iomm_probe_info, ids) - 16usize];
    [
        "Offset of field: iomm_probe_info::nr_ids",
    ][::core::mem::offset_of!(iomm_probe_info, nr_ids) - 24usize];
    [
        "Offset of field: iomm_probe_info::coherent",
    ][::core::mem::offset_of!(iomm_probe_info, coherent) - 28usize];
    [
        "Offset of field: iomm_probe_info::pasid_bits",
    ][::core::mem::offset_of!(iomm_probe_info, pasid_bits) - 32usize];
    [
        "Offset of field: iomm_probe_info::numa_node",
    ][::core::mem::offset_of!(iomm_probe_info, numa_node) - 36usize];
    [
        "Offset of field: iomm_probe_info::dma_mask",
    ][::core::mem::offset_of!(iomm_probe_info, dma_mask) - 40usize];
    [
        "Offset of field: iomm_probe_info::fwspec",
    ][::core::mem::offset_of!(iomm_probe_info, fwspec) - 48usize];
};
impl Default for iomm_probe_info {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_domain_setup {
    pub size: u32,
    pub flags: u32,
    pub format: [::core::ffi::c_char; 24usize],
    pub granule: iomm_u64,
    pub page_sizes: iomm_u64,
    pub ias: u32,
    pub oas: u32,
    pub max_table_pa: iomm_u64,
    pub memory: *mut iomm_table_memory,
    pub numa_node: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_domain_setup"][::core::mem::size_of::<iomm_domain_setup>() - 80usize];
    [
        "Alignment of iomm_domain_setup",
    ][::core::mem::align_of::<iomm_domain_setup>() - 8usize];
    [
        "Offset of field: iomm_domain_setup::size",
    ][::core::mem::offset_of!(iomm_domain_setup, size) - 0usize];
    [
        "Offset of field: iomm_domain_setup::flags",
    ][::core::mem::offset_of!(iomm_domain_setup, flags) - 4usize];
    [
        "Offset of field: iomm_domain_setup::format",
    ][::core::mem::offset_of!(iomm_domain_setup, format) - 8usize];
    [
        "Offset of field: iomm_domain_setup::granule",
    ][::core::mem::offset_of!(iomm_domain_setup, granule) - 32usize];
    [
        "Offset of field: iomm_domain_setup::page_sizes",
    ][::core::mem::offset_of!(iomm_domain_setup, page_sizes) - 40usize];
    [
        "Offset of field: iomm_domain_setup::ias",
    ][::core::mem::offset_of!(iomm_domain_setup, ias) - 48usize];
    [
        "Offset of field: iomm_domain_setup::oas",
    ][::core::mem::offset_of!(iomm_domain_setup, oas) - 52usize];
    [
        "Offset of field: iomm_domain_setup::max_table_pa",
    ][::core::mem::offset_of!(iomm_domain_setup, max_table_pa) - 56usize];
    [
        "Offset of field: iomm_domain_setup::memory",
    ][::core::mem::offset_of!(iomm_domain_setup, memory) - 64usize];
    [
        "Offset of field: iomm_domain_setup::numa_node",
    ][::core::mem::offset_of!(iomm_domain_setup, numa_node) - 72usize];
    [
        "Offset of field: iomm_domain_setup::reserved",
    ][::core::mem::offset_of!(iomm_domain_setup, reserved) - 76usize];
};
impl Default for iomm_domain_setup {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_fault {
    pub size: u32,
    pub flags: u32,
    pub id: iomm_u64,
    pub iova: iomm_u64,
    pub reason: u32,
    pub access: u32,
    pub pasid: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_fault"][::core::mem::size_of::<iomm_fault>() - 40usize];
    ["Alignment of iomm_fault"][::core::mem::align_of::<iomm_fault>() - 8usize];
    [
        "Offset of field: iomm_fault::size",
    ][::core::mem::offset_of!(iomm_fault, size) - 0usize];
    [
        "Offset of field: iomm_fault::flags",
    ][::core::mem::offset_of!(iomm_fault, flags) - 4usize];
    [
        "Offset of field: iomm_fault::id",
    ][::core::mem::offset_of!(iomm_fault, id) - 8usize];
    [
        "Offset of field: iomm_fault::iova",
    ][::core::mem::offset_of!(iomm_fault, iova) - 16usize];
    [
        "Offset of field: iomm_fault::reason",
    ][::core::mem::offset_of!(iomm_fault, reason) - 24usize];
    [
        "Offset of field: iomm_fault::access",
    ][::core::mem::offset_of!(iomm_fault, access) - 28usize];
    [
        "Offset of field: iomm_fault::pasid",
    ][::core::mem::offset_of!(iomm_fault, pasid) - 32usize];
    [
        "Offset of field: iomm_fault::reserved",
    ][::core::mem::offset_of!(iomm_fault, reserved) - 36usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_attach {
    pub size: u32,
    pub flags: u32,
    pub pasid: u32,
    pub nr_ids: u32,
    pub ids: *const iomm_u64,
    pub table: *const iomm_pgtable_info,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_attach"][::core::mem::size_of::<iomm_attach>() - 32usize];
    ["Alignment of iomm_attach"][::core::mem::align_of::<iomm_attach>() - 8usize];
    [
        "Offset of field: iomm_attach::size",
    ][::core::mem::offset_of!(iomm_attach, size) - 0usize];
    [
        "Offset of field: iomm_attach::flags",
    ][::core::mem::offset_of!(iomm_attach, flags) - 4usize];
    [
        "Offset of field: iomm_attach::pasid",
    ][::core::mem::offset_of!(iomm_attach, pasid) - 8usize];
    [
        "Offset of field: iomm_attach::nr_ids",
    ][::core::mem::offset_of!(iomm_attach, nr_ids) - 12usize];
    [
        "Offset of field: iomm_attach::ids",
    ][::core::mem::offset_of!(iomm_attach, ids) - 16usize];
    [
        "Offset of field: iomm_attach::table",
    ][::core::mem::offset_of!(iomm_attach, table) - 24usize];
};
impl Default for iomm_attach {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_iommu_ops {
    pub size: u32,
    pub flags: u32,
    pub translate: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            cells: *const u32,
            nr_cells: u32,
            id: *mut u64,
        ) -> ::core::ffi::c_int,
    >,
    pub group: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            info: *const iomm_probe_info,
            key: *mut u64,
        ) -> ::core::ffi::c_int,
    >,
    pub probe: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            info: *const iomm_probe_info,
            device: *mut *mut ::core::ffi::c_void,
        ) -> ::core::ffi::c_int,
    >,
    pub release: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            device: *mut ::core::ffi::c_void,
        ),
    >,
    pub default_domain: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            device: *mut ::core::ffi::c_void,
            type_: *mut u32,
        ) -> ::core::ffi::c_int,
    >,
    pub domain_alloc: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            setup: *mut iomm_domain_setup,
            domain: *mut *mut ::core::ffi::c_void,
        ) -> ::core::ffi::c_int,
    >,
    pub domain_free: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            domain: *mut ::core::ffi::c_void,
        ),
    >,
    pub attach_prepare: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            device: *mut ::core::ffi::c_void,
            domain: *mut ::core::ffi::c_void,
            at: *const iomm_attach,
        ) -> ::core::ffi::c_int,
    >,
    pub attach_commit: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            device: *mut ::core::ffi::c_void,
            domain: *mut ::core::ffi::c_void,
            at: *const iomm_attach,
        ),
    >,
    pub block: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            device: *mut ::core::ffi::c_void,
            at: *const iomm_attach,
        ),
    >,
    pub flush: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            domain: *mut ::core::ffi::c_void,
            iova: u64,
            last: u64,
            page_size: u64,
            flags: u32,
        ) -> ::core::ffi::c_int,
    >,
    pub flush_all: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            domain: *mut ::core::ffi::c_void,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_iommu_ops"][::core::mem::size_of::<iomm_iommu_ops>() - 104usize];
    ["Alignment of iomm_iommu_ops"][::core::mem::align_of::<iomm_iommu_ops>() - 8usize];
    [
        "Offset of field: iomm_iommu_ops::size",
    ][::core::mem::offset_of!(iomm_iommu_ops, size) - 0usize];
    [
        "Offset of field: iomm_iommu_ops::flags",
    ][::core::mem::offset_of!(iomm_iommu_ops, flags) - 4usize];
    [
        "Offset of field: iomm_iommu_ops::translate",
    ][::core::mem::offset_of!(iomm_iommu_ops, translate) - 8usize];
    [
        "Offset of field: iomm_iommu_ops::group",
    ][::core::mem::offset_of!(iomm_iommu_ops, group) - 16usize];
    [
        "Offset of field: iomm_iommu_ops::probe",
    ][::core::mem::offset_of!(iomm_iommu_ops, probe) - 24usize];
    [
        "Offset of field: iomm_iommu_ops::release",
    ][::core::mem::offset_of!(iomm_iommu_ops, release) - 32usize];
    [
        "Offset of field: iomm_iommu_ops::default_domain",
    ][::core::mem::offset_of!(iomm_iommu_ops, default_domain) - 40usize];
    [
        "Offset of field: iomm_iommu_ops::domain_alloc",
    ][::core::mem::offset_of!(iomm_iommu_ops, domain_alloc) - 48usize];
    [
        "Offset of field: iomm_iommu_ops::domain_free",
    ][::core::mem::offset_of!(iomm_iommu_ops, domain_free) - 56usize];
    [
        "Offset of field: iomm_iommu_ops::attach_prepare",
    ][::core::mem::offset_of!(iomm_iommu_ops, attach_prepare) - 64usize];
    [
        "Offset of field: iomm_iommu_ops::attach_commit",
    ][::core::mem::offset_of!(iomm_iommu_ops, attach_commit) - 72usize];
    [
        "Offset of field: iomm_iommu_ops::block",
    ][::core::mem::offset_of!(iomm_iommu_ops, block) - 80usize];
    [
        "Offset of field: iomm_iommu_ops::flush",
    ][::core::mem::offset_of!(iomm_iommu_ops, flush) - 88usize];
    [
        "Offset of field: iomm_iommu_ops::flush_all",
    ][::core::mem::offset_of!(iomm_iommu_ops, flush_all) - 96usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_iommu_config {
    pub size: u32,
    pub flags: u32,
    pub node: iomm_u64,
    pub name: *const ::core::ffi::c_char,
    pub driver: *const ::core::ffi::c_char,
    pub format: *const ::core::ffi::c_char,
    pub pasid_bits: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_iommu_config"][::core::mem::size_of::<iomm_iommu_config>() - 48usize];
    [
        "Alignment of iomm_iommu_config",
    ][::core::mem::align_of::<iomm_iommu_config>() - 8usize];
    [
        "Offset of field: iomm_iommu_config::size",
    ][::core::mem::offset_of!(iomm_iommu_config, size) - 0usize];
    [
        "Offset of field: iomm_iommu_config::flags",
    ][::core::mem::offset_of!(iomm_iommu_config, flags) - 4usize];
    [
        "Offset of field: iomm_iommu_config::node",
    ][::core::mem::offset_of!(iomm_iommu_config, node) - 8usize];
    [
        "Offset of field: iomm_iommu_config::name",
    ][::core::mem::offset_of!(iomm_iommu_config, name) - 16usize];
    [
        "Offset of field: iomm_iommu_config::driver",
    ][::core::mem::offset_of!(iomm_iommu_config, driver) - 24usize];
    [
        "Offset of field: iomm_iommu_config::format",
    ][::core::mem::offset_of!(iomm_iommu_config, format) - 32usize];
    [
        "Offset of field: iomm_iommu_config::pasid_bits",
    ][::core::mem::offset_of!(iomm_iommu_config, pasid_bits) - 40usize];
    [
        "Offset of field: iomm_iommu_config::reserved",
    ][::core::mem::offset_of!(iomm_iommu_config, reserved) - 44usize];
};
impl Default for iomm_iommu_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_domain_config {
    pub size: u32,
    pub flags: u32,
    pub type_: u32,
    pub ias: u32,
    pub granule: iomm_u64,
    pub page_sizes: iomm_u64,
    pub format: *const ::core::ffi::c_char,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_domain_config",
    ][::core::mem::size_of::<iomm_domain_config>() - 40usize];
    [
        "Alignment of iomm_domain_config",
    ][::core::mem::align_of::<iomm_domain_config>() - 8usize];
    [
        "Offset of field: iomm_domain_config::size",
    ][::core::mem::offset_of!(iomm_domain_config, size) - 0usize];
    [
        "Offset of field: iomm_domain_config::flags",
    ][::core::mem::offset_of!(iomm_domain_config, flags) - 4usize];
    [
        "Offset of field: iomm_domain_config::type_",
    ][::core::mem::offset_of!(iomm_domain_config, type_) - 8usize];
    [
        "Offset of field: iomm_domain_config::ias",
    ][::core::mem::offset_of!(iomm_domain_config, ias) - 12usize];
    [
        "Offset of field: iomm_domain_config::granule",
    ][::core::mem::offset_of!(iomm_domain_config, granule) - 16usize];
    [
        "Offset of field: iomm_domain_config::page_sizes",
    ][::core::mem::offset_of!(iomm_domain_config, page_sizes) - 24usize];
    [
        "Offset of field: iomm_domain_config::format",
    ][::core::mem::offset_of!(iomm_domain_config, format) - 32usize];
};
impl Default for iomm_domain_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_node_info {
    pub size: u32,
    pub flags: u32,
    pub iommu_cells: u32,
    pub reserved: u32,
    pub reg_base: iomm_u64,
    pub reg_bytes: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_node_info"][::core::mem::size_of::<iomm_node_info>() - 32usize];
    ["Alignment of iomm_node_info"][::core::mem::align_of::<iomm_node_info>() - 8usize];
    [
        "Offset of field: iomm_node_info::size",
    ][::core::mem::offset_of!(iomm_node_info, size) - 0usize];
    [
        "Offset of field: iomm_node_info::flags",
    ][::core::mem::offset_of!(iomm_node_info, flags) - 4usize];
    [
        "Offset of field: iomm_node_info::iommu_cells",
    ][::core::mem::offset_of!(iomm_node_info, iommu_cells) - 8usize];
    [
        "Offset of field: iomm_node_info::reserved",
    ][::core::mem::offset_of!(iomm_node_info, reserved) - 12usize];
    [
        "Offset of field: iomm_node_info::reg_base",
    ][::core::mem::offset_of!(iomm_node_info, reg_base) - 16usize];
    [
        "Offset of field: iomm_node_info::reg_bytes",
    ][::core::mem::offset_of!(iomm_node_info, reg_bytes) - 24usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_acpi_table {
    pub size: u32,
    pub reserved: u32,
    pub table: *const ::core::ffi::c_void,
    pub bytes: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_acpi_table"][::core::mem::size_of::<iomm_acpi_table>() - 24usize];
    [
        "Alignment of iomm_acpi_table",
    ][::core::mem::align_of::<iomm_acpi_table>() - 8usize];
    [
        "Offset of field: iomm_acpi_table::size",
    ][::core::mem::offset_of!(iomm_acpi_table, size) - 0usize];
    [
        "Offset of field: iomm_acpi_table::reserved",
    ][::core::mem::offset_of!(iomm_acpi_table, reserved) - 4usize];
    [
        "Offset of field: iomm_acpi_table::table",
    ][::core::mem::offset_of!(iomm_acpi_table, table) - 8usize];
    [
        "Offset of field: iomm_acpi_table::bytes",
    ][::core::mem::offset_of!(iomm_acpi_table, bytes) - 16usize];
};
impl Default for iomm_acpi_table {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_format_info {
    pub size: u32,
    pub flags: u32,
    pub granules: iomm_u64,
    pub max_ias: u32,
    pub max_oas: u32,
    pub prot: u32,
    pub nr_regs: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_format_info"][::core::mem::size_of::<iomm_format_info>() - 32usize];
    [
        "Alignment of iomm_format_info",
    ][::core::mem::align_of::<iomm_format_info>() - 8usize];
    [
        "Offset of field: iomm_format_info::size",
    ][::core::mem::offset_of!(iomm_format_info, size) - 0usize];
    [
        "Offset of field: iomm_format_info::flags",
    ][::core::mem::offset_of!(iomm_format_info, flags) - 4usize];
    [
        "Offset of field: iomm_format_info::granules",
    ][::core::mem::offset_of!(iomm_format_info, granules) - 8usize];
    [
        "Offset of field: iomm_format_info::max_ias",
    ][::core::mem::offset_of!(iomm_format_info, max_ias) - 16usize];
    [
        "Offset of field: iomm_format_info::max_oas",
    ][::core::mem::offset_of!(iomm_format_info, max_oas) - 20usize];
    [
        "Offset of field: iomm_format_info::prot",
    ][::core::mem::offset_of!(iomm_format_info, prot) - 24usize];
    [
        "Offset of field: iomm_format_info::nr_regs",
    ][::core::mem::offset_of!(iomm_format_info, nr_regs) - 28usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_format_slot {
    pub size: u32,
    pub flags: u32,
    pub name: [::core::ffi::c_char; 24usize],
    pub state: u32,
    pub pins: u32,
    pub dying_pins: u32,
    pub answer: u32,
    pub deadline: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_format_slot"][::core::mem::size_of::<iomm_format_slot>() - 56usize];
    [
        "Alignment of iomm_format_slot",
    ][::core::mem::align_of::<iomm_format_slot>() - 8usize];
    [
        "Offset of field: iomm_format_slot::size",
    ][::core::mem::offset_of!(iomm_format_slot, size) - 0usize];
    [
        "Offset of field: iomm_format_slot::flags",
    ][::core::mem::offset_of!(iomm_format_slot, flags) - 4usize];
    [
        "Offset of field: iomm_format_slot::name",
    ][::core::mem::offset_of!(iomm_format_slot, name) - 8usize];
    [
        "Offset of field: iomm_format_slot::state",
    ][::core::mem::offset_of!(iomm_format_slot, state) - 32usize];
    [
        "Offset of field: iomm_format_slot::pins",
    ][::core::mem::offset_of!(iomm_format_slot, pins) - 36usize];
    [
        "Offset of field: iomm_format_slot::dying_pins",
    ][::core::mem::offset_of!(iomm_format_slot, dying_pins) - 40usize];
    [
        "Offset of field: iomm_format_slot::answer",
    ][::core::mem::offset_of!(iomm_format_slot, answer) - 44usize];
    [
        "Offset of field: iomm_format_slot::deadline",
    ][::core::mem::offset_of!(iomm_format_slot, deadline) - 48usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_format_type {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_format_ops {
    pub size: u32,
    pub flags: u32,
    pub abi: u32,
    pub engine_version: u32,
    pub name: *const ::core::ffi::c_char,
    pub engine: *const iomm_format_type,
    pub codec: *const iomm_codec,
    pub self_test: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_format_ops"][::core::mem::size_of::<iomm_format_ops>() - 48usize];
    [
        "Alignment of iomm_format_ops",
    ][::core::mem::align_of::<iomm_format_ops>() - 8usize];
    [
        "Offset of field: iomm_format_ops::size",
    ][::core::mem::offset_of!(iomm_format_ops, size) - 0usize];
    [
        "Offset of field: iomm_format_ops::flags",
    ][::core::mem::offset_of!(iomm_format_ops, flags) - 4usize];
    [
        "Offset of field: iomm_format_ops::abi",
    ][::core::mem::offset_of!(iomm_format_ops, abi) - 8usize];
    [
        "Offset of field: iomm_format_ops::engine_version",
    ][::core::mem::offset_of!(iomm_format_ops, engine_version) - 12usize];
    [
        "Offset of field: iomm_format_ops::name",
    ][::core::mem::offset_of!(iomm_format_ops, name) - 16usize];
    [
        "Offset of field: iomm_format_ops::engine",
    ][::core::mem::offset_of!(iomm_format_ops, engine) - 24usize];
    [
        "Offset of field: iomm_format_ops::codec",
    ][::core::mem::offset_of!(iomm_format_ops, codec) - 32usize];
    [
        "Offset of field: iomm_format_ops::self_test",
    ][::core::mem::offset_of!(iomm_format_ops, self_test) - 40usize];
};
impl Default for iomm_format_ops {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_format_loader {
    pub size: u32,
    pub flags: u32,
    pub load: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            ctx: *mut iomm_ctx,
            name: *const ::core::ffi::c_char,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_format_loader",
    ][::core::mem::size_of::<iomm_format_loader>() - 16usize];
    [
        "Alignment of iomm_format_loader",
    ][::core::mem::align_of::<iomm_format_loader>() - 8usize];
    [
        "Offset of field: iomm_format_loader::size",
    ][::core::mem::offset_of!(iomm_format_loader, size) - 0usize];
    [
        "Offset of field: iomm_format_loader::flags",
    ][::core::mem::offset_of!(iomm_format_loader, flags) - 4usize];
    [
        "Offset of field: iomm_format_loader::load",
    ][::core::mem::offset_of!(iomm_format_loader, load) - 8usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_group_info {
    pub size: u32,
    pub number: u32,
    pub flags: u32,
    pub nr_devices: u32,
    pub nr_regions: u32,
    pub default_type: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_group_info"][::core::mem::size_of::<iomm_group_info>() - 24usize];
    [
        "Alignment of iomm_group_info",
    ][::core::mem::align_of::<iomm_group_info>() - 4usize];
    [
        "Offset of field: iomm_group_info::size",
    ][::core::mem::offset_of!(iomm_group_info, size) - 0usize];
    [
        "Offset of field: iomm_group_info::number",
    ][::core::mem::offset_of!(iomm_group_info, number) - 4usize];
    [
        "Offset of field: iomm_group_info::flags",
    ][::core::mem::offset_of!(iomm_group_info, flags) - 8usize];
    [
        "Offset of field: iomm_group_info::nr_devices",
    ][::core::mem::offset_of!(iomm_group_info, nr_devices) - 12usize];
    [
        "Offset of field: iomm_group_info::nr_regions",
    ][::core::mem::offset_of!(iomm_group_info, nr_regions) - 16usize];
    [
        "Offset of field: iomm_group_info::default_type",
    ][::core::mem::offset_of!(iomm_group_info, default_type) - 20usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_space_config {
    pub size: u32,
    pub flags: u32,
    pub min: u32,
    pub max: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_ioasid_space_config",
    ][::core::mem::size_of::<iomm_ioasid_space_config>() - 16usize];
    [
        "Alignment of iomm_ioasid_space_config",
    ][::core::mem::align_of::<iomm_ioasid_space_config>() - 4usize];
    [
        "Offset of field: iomm_ioasid_space_config::size",
    ][::core::mem::offset_of!(iomm_ioasid_space_config, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_space_config::flags",
    ][::core::mem::offset_of!(iomm_ioasid_space_config, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_space_config::min",
    ][::core::mem::offset_of!(iomm_ioasid_space_config, min) - 8usize];
    [
        "Offset of field: iomm_ioasid_space_config::max",
    ][::core::mem::offset_of!(iomm_ioasid_space_config, max) - 12usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_space_info {
    pub size: u32,
    pub flags: u32,
    pub min: u32,
    pub max: u32,
    pub taken: u32,
    pub unreserved: u32,
    pub sets: u32,
    pub reserved: u32,
    pub bytes: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_ioasid_space_info",
    ][::core::mem::size_of::<iomm_ioasid_space_info>() - 40usize];
    [
        "Alignment of iomm_ioasid_space_info",
    ][::core::mem::align_of::<iomm_ioasid_space_info>() - 8usize];
    [
        "Offset of field: iomm_ioasid_space_info::size",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_space_info::flags",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_space_info::min",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, min) - 8usize];
    [
        "Offset of field: iomm_ioasid_space_info::max",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, max) - 12usize];
    [
        "Offset of field: iomm_ioasid_space_info::taken",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, taken) - 16usize];
    [
        "Offset of field: iomm_ioasid_space_info::unreserved",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, unreserved) - 20usize];
    [
        "Offset of field: iomm_ioasid_space_info::sets",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, sets) - 24usize];
    [
        "Offset of field: iomm_ioasid_space_info::reserved",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, reserved) - 28usize];
    [
        "Offset of field: iomm_ioasid_space_info::bytes",
    ][::core::mem::offset_of!(iomm_ioasid_space_info, bytes) - 32usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_event {
    pub size: u32,
    pub flags: u32,
    pub event: u32,
    pub id: u32,
    pub type_: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_ioasid_event"][::core::mem::size_of::<iomm_ioasid_event>() - 24usize];
    [
        "Alignment of iomm_ioasid_event",
    ][::core::mem::align_of::<iomm_ioasid_event>() - 8usize];
    [
        "Offset of field: iomm_ioasid_event::size",
    ][::core::mem::offset_of!(iomm_ioasid_event, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_event::flags",
    ][::core::mem::offset_of!(iomm_ioasid_event, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_event::event",
    ][::core::mem::offset_of!(iomm_ioasid_event, event) - 8usize];
    [
        "Offset of field: iomm_ioasid_event::id",
    ][::core::mem::offset_of!(iomm_ioasid_event, id) - 12usize];
    [
        "Offset of field: iomm_ioasid_event::type_",
    ][::core::mem::offset_of!(iomm_ioasid_event, type_) - 16usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_ioasid_allocator_ops {
    pub size: u32,
    pub flags: u32,
    pub host: *const ::core::ffi::c_void,
    pub alloc: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            min: u32,
            max: u32,
            id: *mut u32,
        ) -> ::core::ffi::c_int,
    >,
    pub free: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, id: u32),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_ioasid_allocator_ops",
    ][::core::mem::size_of::<iomm_ioasid_allocator_ops>() - 32usize];
    [
        "Alignment of iomm_ioasid_allocator_ops",
    ][::core::mem::align_of::<iomm_ioasid_allocator_ops>() - 8usize];
    [
        "Offset of field: iomm_ioasid_allocator_ops::size",
    ][::core::mem::offset_of!(iomm_ioasid_allocator_ops, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_allocator_ops::flags",
    ][::core::mem::offset_of!(iomm_ioasid_allocator_ops, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_allocator_ops::host",
    ][::core::mem::offset_of!(iomm_ioasid_allocator_ops, host) - 8usize];
    [
        "Offset of field: iomm_ioasid_allocator_ops::alloc",
    ][::core::mem::offset_of!(iomm_ioasid_allocator_ops, alloc) - 16usize];
    [
        "Offset of field: iomm_ioasid_allocator_ops::free",
    ][::core::mem::offset_of!(iomm_ioasid_allocator_ops, free) - 24usize];
};
impl Default for iomm_ioasid_allocator_ops {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_set_config {
    pub size: u32,
    pub flags: u32,
    pub quota: u32,
    pub reserved: u32,
    pub type_: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_ioasid_set_config",
    ][::core::mem::size_of::<iomm_ioasid_set_config>() - 24usize];
    [
        "Alignment of iomm_ioasid_set_config",
    ][::core::mem::align_of::<iomm_ioasid_set_config>() - 8usize];
    [
        "Offset of field: iomm_ioasid_set_config::size",
    ][::core::mem::offset_of!(iomm_ioasid_set_config, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_set_config::flags",
    ][::core::mem::offset_of!(iomm_ioasid_set_config, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_set_config::quota",
    ][::core::mem::offset_of!(iomm_ioasid_set_config, quota) - 8usize];
    [
        "Offset of field: iomm_ioasid_set_config::reserved",
    ][::core::mem::offset_of!(iomm_ioasid_set_config, reserved) - 12usize];
    [
        "Offset of field: iomm_ioasid_set_config::type_",
    ][::core::mem::offset_of!(iomm_ioasid_set_config, type_) - 16usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_set_info {
    pub size: u32,
    pub flags: u32,
    pub quota: u32,
    pub taken: u32,
    pub type_: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_ioasid_set_info",
    ][::core::mem::size_of::<iomm_ioasid_set_info>() - 24usize];
    [
        "Alignment of iomm_ioasid_set_info",
    ][::core::mem::align_of::<iomm_ioasid_set_info>() - 8usize];
    [
        "Offset of field: iomm_ioasid_set_info::size",
    ][::core::mem::offset_of!(iomm_ioasid_set_info, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_set_info::flags",
    ][::core::mem::offset_of!(iomm_ioasid_set_info, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_set_info::quota",
    ][::core::mem::offset_of!(iomm_ioasid_set_info, quota) - 8usize];
    [
        "Offset of field: iomm_ioasid_set_info::taken",
    ][::core::mem::offset_of!(iomm_ioasid_set_info, taken) - 12usize];
    [
        "Offset of field: iomm_ioasid_set_info::type_",
    ][::core::mem::offset_of!(iomm_ioasid_set_info, type_) - 16usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_ioasid_info {
    pub size: u32,
    pub flags: u32,
    pub state: u32,
    pub refs: u32,
    pub binds: u32,
    pub reserved: u32,
    pub type_: iomm_u64,
    pub spid: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_ioasid_info"][::core::mem::size_of::<iomm_ioasid_info>() - 40usize];
    [
        "Alignment of iomm_ioasid_info",
    ][::core::mem::align_of::<iomm_ioasid_info>() - 8usize];
    [
        "Offset of field: iomm_ioasid_info::size",
    ][::core::mem::offset_of!(iomm_ioasid_info, size) - 0usize];
    [
        "Offset of field: iomm_ioasid_info::flags",
    ][::core::mem::offset_of!(iomm_ioasid_info, flags) - 4usize];
    [
        "Offset of field: iomm_ioasid_info::state",
    ][::core::mem::offset_of!(iomm_ioasid_info, state) - 8usize];
    [
        "Offset of field: iomm_ioasid_info::refs",
    ][::core::mem::offset_of!(iomm_ioasid_info, refs) - 12usize];
    [
        "Offset of field: iomm_ioasid_info::binds",
    ][::core::mem::offset_of!(iomm_ioasid_info, binds) - 16usize];
    [
        "Offset of field: iomm_ioasid_info::reserved",
    ][::core::mem::offset_of!(iomm_ioasid_info, reserved) - 20usize];
    [
        "Offset of field: iomm_ioasid_info::type_",
    ][::core::mem::offset_of!(iomm_ioasid_info, type_) - 24usize];
    [
        "Offset of field: iomm_ioasid_info::spid",
    ][::core::mem::offset_of!(iomm_ioasid_info, spid) - 32usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_pasid_ops {
    pub size: u32,
    pub flags: u32,
    pub limits: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            min: *mut u32,
            max: *mut u32,
        ) -> ::core::ffi::c_int,
    >,
    pub alloc: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            min: u32,
            max: u32,
            id: *mut u32,
        ) -> ::core::ffi::c_int,
    >,
    pub free: ::core::option::Option<
        unsafe extern "C" fn(data: *mut ::core::ffi::c_void, id: u32),
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_pasid_ops"][::core::mem::size_of::<iomm_pasid_ops>() - 32usize];
    ["Alignment of iomm_pasid_ops"][::core::mem::align_of::<iomm_pasid_ops>() - 8usize];
    [
        "Offset of field: iomm_pasid_ops::size",
    ][::core::mem::offset_of!(iomm_pasid_ops, size) - 0usize];
    [
        "Offset of field: iomm_pasid_ops::flags",
    ][::core::mem::offset_of!(iomm_pasid_ops, flags) - 4usize];
    [
        "Offset of field: iomm_pasid_ops::limits",
    ][::core::mem::offset_of!(iomm_pasid_ops, limits) - 8usize];
    [
        "Offset of field: iomm_pasid_ops::alloc",
    ][::core::mem::offset_of!(iomm_pasid_ops, alloc) - 16usize];
    [
        "Offset of field: iomm_pasid_ops::free",
    ][::core::mem::offset_of!(iomm_pasid_ops, free) - 24usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_pci_function {
    pub flags: u32,
    pub type_: u32,
    pub segment: u32,
    pub rid: u32,
    pub secondary: u32,
    pub subordinate: u32,
    pub real_segment: u32,
    pub real_rid: u32,
    pub id: u32,
    pub subsystem: u32,
    pub aliases: *const u8,
    pub nr_aliases: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_pci_function"][::core::mem::size_of::<iomm_pci_function>() - 56usize];
    [
        "Alignment of iomm_pci_function",
    ][::core::mem::align_of::<iomm_pci_function>() - 8usize];
    [
        "Offset of field: iomm_pci_function::flags",
    ][::core::mem::offset_of!(iomm_pci_function, flags) - 0usize];
    [
        "Offset of field: iomm_pci_function::type_",
    ][::core::mem::offset_of!(iomm_pci_function, type_) - 4usize];
    [
        "Offset of field: iomm_pci_function::segment",
    ][::core::mem::offset_of!(iomm_pci_function, segment) - 8usize];
    [
        "Offset of field: iomm_pci_function::rid",
    ][::core::mem::offset_of!(iomm_pci_function, rid) - 12usize];
    [
        "Offset of field: iomm_pci_function::secondary",
    ][::core::mem::offset_of!(iomm_pci_function, secondary) - 16usize];
    [
        "Offset of field: iomm_pci_function::subordinate",
    ][::core::mem::offset_of!(iomm_pci_function, subordinate) - 20usize];
    [
        "Offset of field: iomm_pci_function::real_segment",
    ][::core::mem::offset_of!(iomm_pci_function, real_segment) - 24usize];
    [
        "Offset of field: iomm_pci_function::real_rid",
    ][::core::mem::offset_of!(iomm_pci_function, real_rid) - 28usize];
    [
        "Offset of field: iomm_pci_function::id",
    ][::core::mem::offset_of!(iomm_pci_function, id) - 32usize];
    [
        "Offset of field: iomm_pci_function::subsystem",
    ][::core::mem::offset_of!(iomm_pci_function, subsystem) - 36usize];
    [
        "Offset of field: iomm_pci_function::aliases",
    ][::core::mem::offset_of!(iomm_pci_function, aliases) - 40usize];
    [
        "Offset of field: iomm_pci_function::nr_aliases",
    ][::core::mem::offset_of!(iomm_pci_function, nr_aliases) - 48usize];
    [
        "Offset of field: iomm_pci_function::reserved",
    ][::core::mem::offset_of!(iomm_pci_function, reserved) - 52usize];
};
impl Default for iomm_pci_function {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_pci_id {
    pub segment: u32,
    pub rid: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_pci_id"][::core::mem::size_of::<iomm_pci_id>() - 8usize];
    ["Alignment of iomm_pci_id"][::core::mem::align_of::<iomm_pci_id>() - 4usize];
    [
        "Offset of field: iomm_pci_id::segment",
    ][::core::mem::offset_of!(iomm_pci_id, segment) - 0usize];
    [
        "Offset of field: iomm_pci_id::rid",
    ][::core::mem::offset_of!(iomm_pci_id, rid) - 4usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_plugin_info {
    pub size: u32,
    pub flags: u32,
    pub abi: u32,
    pub engine_version: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_plugin_info"][::core::mem::size_of::<iomm_plugin_info>() - 16usize];
    [
        "Alignment of iomm_plugin_info",
    ][::core::mem::align_of::<iomm_plugin_info>() - 4usize];
    [
        "Offset of field: iomm_plugin_info::size",
    ][::core::mem::offset_of!(iomm_plugin_info, size) - 0usize];
    [
        "Offset of field: iomm_plugin_info::flags",
    ][::core::mem::offset_of!(iomm_plugin_info, flags) - 4usize];
    [
        "Offset of field: iomm_plugin_info::abi",
    ][::core::mem::offset_of!(iomm_plugin_info, abi) - 8usize];
    [
        "Offset of field: iomm_plugin_info::engine_version",
    ][::core::mem::offset_of!(iomm_plugin_info, engine_version) - 12usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_engine_table {
    _unused: [u8; 0],
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_plugin_api {
    pub size: u32,
    pub abi: u32,
    pub plugin: *mut ::core::ffi::c_void,
    pub engine: *const iomm_engine_table,
    pub add: ::core::option::Option<
        unsafe extern "C" fn(
            plugin: *mut ::core::ffi::c_void,
            ops: *const iomm_format_ops,
        ) -> ::core::ffi::c_int,
    >,
    pub keep: ::core::option::Option<
        unsafe extern "C" fn(
            plugin: *mut ::core::ffi::c_void,
            data: *mut ::core::ffi::c_void,
            release: ::core::option::Option<
                unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
            >,
        ) -> ::core::ffi::c_int,
    >,
    pub fail: ::core::option::Option<
        unsafe extern "C" fn(
            plugin: *mut ::core::ffi::c_void,
            code: ::core::ffi::c_int,
            sentence: *const ::core::ffi::c_char,
        ) -> ::core::ffi::c_int,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_plugin_api"][::core::mem::size_of::<iomm_plugin_api>() - 48usize];
    [
        "Alignment of iomm_plugin_api",
    ][::core::mem::align_of::<iomm_plugin_api>() - 8usize];
    [
        "Offset of field: iomm_plugin_api::size",
    ][::core::mem::offset_of!(iomm_plugin_api, size) - 0usize];
    [
        "Offset of field: iomm_plugin_api::abi",
    ][::core::mem::offset_of!(iomm_plugin_api, abi) - 4usize];
    [
        "Offset of field: iomm_plugin_api::plugin",
    ][::core::mem::offset_of!(iomm_plugin_api, plugin) - 8usize];
    [
        "Offset of field: iomm_plugin_api::engine",
    ][::core::mem::offset_of!(iomm_plugin_api, engine) - 16usize];
    [
        "Offset of field: iomm_plugin_api::add",
    ][::core::mem::offset_of!(iomm_plugin_api, add) - 24usize];
    [
        "Offset of field: iomm_plugin_api::keep",
    ][::core::mem::offset_of!(iomm_plugin_api, keep) - 32usize];
    [
        "Offset of field: iomm_plugin_api::fail",
    ][::core::mem::offset_of!(iomm_plugin_api, fail) - 40usize];
};
impl Default for iomm_plugin_api {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
pub type iomm_plugin_init_fn = ::core::option::Option<
    unsafe extern "C" fn(
        ctx: *mut iomm_ctx,
        api: *const iomm_plugin_api,
    ) -> ::core::ffi::c_int,
>;
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_soft_config {
    pub size: u32,
    pub flags: u32,
    pub iotlb_entries: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_soft_config"][::core::mem::size_of::<iomm_soft_config>() - 16usize];
    [
        "Alignment of iomm_soft_config",
    ][::core::mem::align_of::<iomm_soft_config>() - 4usize];
    [
        "Offset of field: iomm_soft_config::size",
    ][::core::mem::offset_of!(iomm_soft_config, size) - 0usize];
    [
        "Offset of field: iomm_soft_config::flags",
    ][::core::mem::offset_of!(iomm_soft_config, flags) - 4usize];
    [
        "Offset of field: iomm_soft_config::iotlb_entries",
    ][::core::mem::offset_of!(iomm_soft_config, iotlb_entries) - 8usize];
    [
        "Offset of field: iomm_soft_config::reserved",
    ][::core::mem::offset_of!(iomm_soft_config, reserved) - 12usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_soft_context {
    pub size: u32,
    pub flags: u32,
    pub format: *const ::core::ffi::c_char,
    pub tag: iomm_u64,
    pub regs: [iomm_u64; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_soft_context"][::core::mem::size_of::<iomm_soft_context>() - 88usize];
    [
        "Alignment of iomm_soft_context",
    ][::core::mem::align_of::<iomm_soft_context>() - 8usize];
    [
        "Offset of field: iomm_soft_context::size",
    ][::core::mem::offset_of!(iomm_soft_context, size) - 0usize];
    [
        "Offset of field: iomm_soft_context::flags",
    ][::core::mem::offset_of!(iomm_soft_context, flags) - 4usize];
    [
        "Offset of field: iomm_soft_context::format",
    ][::core::mem::offset_of!(iomm_soft_context, format) - 8usize];
    [
        "Offset of field: iomm_soft_context::tag",
    ][::core::mem::offset_of!(iomm_soft_context, tag) - 16usize];
    [
        "Offset of field: iomm_soft_context::regs",
    ][::core::mem::offset_of!(iomm_soft_context, regs) - 24usize];
};
impl Default for iomm_soft_context {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_soft_stats {
    pub size: u32,
    pub flags: u32,
    pub iotlb_hits: iomm_u64,
    pub iotlb_misses: iomm_u64,
    pub invalidations: iomm_u64,
    pub faults: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_soft_stats"][::core::mem::size_of::<iomm_soft_stats>() - 40usize];
    [
        "Alignment of iomm_soft_stats",
    ][::core::mem::align_of::<iomm_soft_stats>() - 8usize];
    [
        "Offset of field: iomm_soft_stats::size",
    ][::core::mem::offset_of!(iomm_soft_stats, size) - 0usize];
    [
        "Offset of field: iomm_soft_stats::flags",
    ][::core::mem::offset_of!(iomm_soft_stats, flags) - 4usize];
    [
        "Offset of field: iomm_soft_stats::iotlb_hits",
    ][::core::mem::offset_of!(iomm_soft_stats, iotlb_hits) - 8usize];
    [
        "Offset of field: iomm_soft_stats::iotlb_misses",
    ][::core::mem::offset_of!(iomm_soft_stats, iotlb_misses) - 16usize];
    [
        "Offset of field: iomm_soft_stats::invalidations",
    ][::core::mem::offset_of!(iomm_soft_stats, invalidations) - 24usize];
    [
        "Offset of field: iomm_soft_stats::faults",
    ][::core::mem::offset_of!(iomm_soft_stats, faults) - 32usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_soft_driver {
    pub size: u32,
    pub flags: u32,
    pub node: iomm_u64,
    pub name: *const ::core::ffi::c_char,
    pub format: *const ::core::ffi::c_char,
    pub granule: iomm_u64,
    pub ias: u32,
    pub oas: u32,
    pub memory: *mut iomm_table_memory,
    pub pasid_bits: u32,
    pub default_domain: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_soft_driver"][::core::mem::size_of::<iomm_soft_driver>() - 64usize];
    [
        "Alignment of iomm_soft_driver",
    ][::core::mem::align_of::<iomm_soft_driver>() - 8usize];
    [
        "Offset of field: iomm_soft_driver::size",
    ][::core::mem::offset_of!(iomm_soft_driver, size) - 0usize];
    [
        "Offset of field: iomm_soft_driver::flags",
    ][::core::mem::offset_of!(iomm_soft_driver, flags) - 4usize];
    [
        "Offset of field: iomm_soft_driver::node",
    ][::core::mem::offset_of!(iomm_soft_driver, node) - 8usize];
    [
        "Offset of field: iomm_soft_driver::name",
    ][::core::mem::offset_of!(iomm_soft_driver, name) - 16usize];
    [
        "Offset of field: iomm_soft_driver::format",
    ][::core::mem::offset_of!(iomm_soft_driver, format) - 24usize];
    [
        "Offset of field: iomm_soft_driver::granule",
    ][::core::mem::offset_of!(iomm_soft_driver, granule) - 32usize];
    [
        "Offset of field: iomm_soft_driver::ias",
    ][::core::mem::offset_of!(iomm_soft_driver, ias) - 40usize];
    [
        "Offset of field: iomm_soft_driver::oas",
    ][::core::mem::offset_of!(iomm_soft_driver, oas) - 44usize];
    [
        "Offset of field: iomm_soft_driver::memory",
    ][::core::mem::offset_of!(iomm_soft_driver, memory) - 48usize];
    [
        "Offset of field: iomm_soft_driver::pasid_bits",
    ][::core::mem::offset_of!(iomm_soft_driver, pasid_bits) - 56usize];
    [
        "Offset of field: iomm_soft_driver::default_domain",
    ][::core::mem::offset_of!(iomm_soft_driver, default_domain) - 60usize];
};
impl Default for iomm_soft_driver {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_static_node {
    pub size: u32,
    pub flags: u32,
    pub name: *const ::core::ffi::c_char,
    pub compatible: *const ::core::ffi::c_char,
    pub reg_base: iomm_u64,
    pub reg_bytes: iomm_u64,
    pub iommu_cells: u32,
    pub limits: u32,
    pub pasid_bits: u32,
    pub address_bits: u32,
    pub numa_node: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_static_node"][::core::mem::size_of::<iomm_static_node>() - 64usize];
    [
        "Alignment of iomm_static_node",
    ][::core::mem::align_of::<iomm_static_node>() - 8usize];
    [
        "Offset of field: iomm_static_node::size",
    ][::core::mem::offset_of!(iomm_static_node, size) - 0usize];
    [
        "Offset of field: iomm_static_node::flags",
    ][::core::mem::offset_of!(iomm_static_node, flags) - 4usize];
    [
        "Offset of field: iomm_static_node::name",
    ][::core::mem::offset_of!(iomm_static_node, name) - 8usize];
    [
        "Offset of field: iomm_static_node::compatible",
    ][::core::mem::offset_of!(iomm_static_node, compatible) - 16usize];
    [
        "Offset of field: iomm_static_node::reg_base",
    ][::core::mem::offset_of!(iomm_static_node, reg_base) - 24usize];
    [
        "Offset of field: iomm_static_node::reg_bytes",
    ][::core::mem::offset_of!(iomm_static_node, reg_bytes) - 32usize];
    [
        "Offset of field: iomm_static_node::iommu_cells",
    ][::core::mem::offset_of!(iomm_static_node, iommu_cells) - 40usize];
    [
        "Offset of field: iomm_static_node::limits",
    ][::core::mem::offset_of!(iomm_static_node, limits) - 44usize];
    [
        "Offset of field: iomm_static_node::pasid_bits",
    ][::core::mem::offset_of!(iomm_static_node, pasid_bits) - 48usize];
    [
        "Offset of field: iomm_static_node::address_bits",
    ][::core::mem::offset_of!(iomm_static_node, address_bits) - 52usize];
    [
        "Offset of field: iomm_static_node::numa_node",
    ][::core::mem::offset_of!(iomm_static_node, numa_node) - 56usize];
    [
        "Offset of field: iomm_static_node::reserved",
    ][::core::mem::offset_of!(iomm_static_node, reserved) - 60usize];
};
impl Default for iomm_static_node {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_static_map {
    pub size: u32,
    pub flags: u32,
    pub node: u32,
    pub iommu: u32,
    pub first_input: iomm_u64,
    pub last_input: iomm_u64,
    pub nr_cells: u32,
    pub reserved: u32,
    pub cells: [u32; 8usize],
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_static_map"][::core::mem::size_of::<iomm_static_map>() - 72usize];
    [
        "Alignment of iomm_static_map",
    ][::core::mem::align_of::<iomm_static_map>() - 8usize];
    [
        "Offset of field: iomm_static_map::size",
    ][::core::mem::offset_of!(iomm_static_map, size) - 0usize];
    [
        "Offset of field: iomm_static_map::flags",
    ][::core::mem::offset_of!(iomm_static_map, flags) - 4usize];
    [
        "Offset of field: iomm_static_map::node",
    ][::core::mem::offset_of!(iomm_static_map, node) - 8usize];
    [
        "Offset of field: iomm_static_map::iommu",
    ][::core::mem::offset_of!(iomm_static_map, iommu) - 12usize];
    [
        "Offset of field: iomm_static_map::first_input",
    ][::core::mem::offset_of!(iomm_static_map, first_input) - 16usize];
    [
        "Offset of field: iomm_static_map::last_input",
    ][::core::mem::offset_of!(iomm_static_map, last_input) - 24usize];
    [
        "Offset of field: iomm_static_map::nr_cells",
    ][::core::mem::offset_of!(iomm_static_map, nr_cells) - 32usize];
    [
        "Offset of field: iomm_static_map::reserved",
    ][::core::mem::offset_of!(iomm_static_map, reserved) - 36usize];
    [
        "Offset of field: iomm_static_map::cells",
    ][::core::mem::offset_of!(iomm_static_map, cells) - 40usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_static_region {
    pub size: u32,
    pub node: u32,
    pub kind: u32,
    pub flags: u32,
    pub first: iomm_u64,
    pub last: iomm_u64,
    pub paddr: iomm_u64,
    pub prot: u32,
    pub reserved: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_static_region",
    ][::core::mem::size_of::<iomm_static_region>() - 48usize];
    [
        "Alignment of iomm_static_region",
    ][::core::mem::align_of::<iomm_static_region>() - 8usize];
    [
        "Offset of field: iomm_static_region::size",
    ][::core::mem::offset_of!(iomm_static_region, size) - 0usize];
    [
        "Offset of field: iomm_static_region::node",
    ][::core::mem::offset_of!(iomm_static_region, node) - 4usize];
    [
        "Offset of field: iomm_static_region::kind",
    ][::core::mem::offset_of!(iomm_static_region, kind) - 8usize];
    [
        "Offset of field: iomm_static_region::flags",
    ][::core::mem::offset_of!(iomm_static_region, flags) - 12usize];
    [
        "Offset of field: iomm_static_region::first",
    ][::core::mem::offset_of!(iomm_static_region, first) - 16usize];
    [
        "Offset of field: iomm_static_region::last",
    ][::core::mem::offset_of!(iomm_static_region, last) - 24usize];
    [
        "Offset of field: iomm_static_region::paddr",
    ][::core::mem::offset_of!(iomm_static_region, paddr) - 32usize];
    [
        "Offset of field: iomm_static_region::prot",
    ][::core::mem::offset_of!(iomm_static_region, prot) - 40usize];
    [
        "Offset of field: iomm_static_region::reserved",
    ][::core::mem::offset_of!(iomm_static_region, reserved) - 44usize];
};
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_static_range {
    pub size: u32,
    pub node: u32,
    pub first: iomm_u64,
    pub last: iomm_u64,
    pub paddr: iomm_u64,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    ["Size of iomm_static_range"][::core::mem::size_of::<iomm_static_range>() - 32usize];
    [
        "Alignment of iomm_static_range",
    ][::core::mem::align_of::<iomm_static_range>() - 8usize];
    [
        "Offset of field: iomm_static_range::size",
    ][::core::mem::offset_of!(iomm_static_range, size) - 0usize];
    [
        "Offset of field: iomm_static_range::node",
    ][::core::mem::offset_of!(iomm_static_range, node) - 4usize];
    [
        "Offset of field: iomm_static_range::first",
    ][::core::mem::offset_of!(iomm_static_range, first) - 8usize];
    [
        "Offset of field: iomm_static_range::last",
    ][::core::mem::offset_of!(iomm_static_range, last) - 16usize];
    [
        "Offset of field: iomm_static_range::paddr",
    ][::core::mem::offset_of!(iomm_static_range, paddr) - 24usize];
};
#[repr(C)]
#[derive(Debug, Copy, Clone)]
pub struct iomm_static_config {
    pub size: u32,
    pub flags: u32,
    pub nodes: *const iomm_static_node,
    pub nr_nodes: u32,
    pub node_stride: u32,
    pub maps: *const iomm_static_map,
    pub nr_maps: u32,
    pub map_stride: u32,
    pub regions: *const iomm_static_region,
    pub nr_regions: u32,
    pub region_stride: u32,
    pub ranges: *const iomm_static_range,
    pub nr_ranges: u32,
    pub range_stride: u32,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_static_config",
    ][::core::mem::size_of::<iomm_static_config>() - 72usize];
    [
        "Alignment of iomm_static_config",
    ][::core::mem::align_of::<iomm_static_config>() - 8usize];
    [
        "Offset of field: iomm_static_config::size",
    ][::core::mem::offset_of!(iomm_static_config, size) - 0usize];
    [
        "Offset of field: iomm_static_config::flags",
    ][::core::mem::offset_of!(iomm_static_config, flags) - 4usize];
    [
        "Offset of field: iomm_static_config::nodes",
    ][::core::mem::offset_of!(iomm_static_config, nodes) - 8usize];
    [
        "Offset of field: iomm_static_config::nr_nodes",
    ][::core::mem::offset_of!(iomm_static_config, nr_nodes) - 16usize];
    [
        "Offset of field: iomm_static_config::node_stride",
    ][::core::mem::offset_of!(iomm_static_config, node_stride) - 20usize];
    [
        "Offset of field: iomm_static_config::maps",
    ][::core::mem::offset_of!(iomm_static_config, maps) - 24usize];
    [
        "Offset of field: iomm_static_config::nr_maps",
    ][::core::mem::offset_of!(iomm_static_config, nr_maps) - 32usize];
    [
        "Offset of field: iomm_static_config::map_stride",
    ][::core::mem::offset_of!(iomm_static_config, map_stride) - 36usize];
    [
        "Offset of field: iomm_static_config::regions",
    ][::core::mem::offset_of!(iomm_static_config, regions) - 40usize];
    [
        "Offset of field: iomm_static_config::nr_regions",
    ][::core::mem::offset_of!(iomm_static_config, nr_regions) - 48usize];
    [
        "Offset of field: iomm_static_config::region_stride",
    ][::core::mem::offset_of!(iomm_static_config, region_stride) - 52usize];
    [
        "Offset of field: iomm_static_config::ranges",
    ][::core::mem::offset_of!(iomm_static_config, ranges) - 56usize];
    [
        "Offset of field: iomm_static_config::nr_ranges",
    ][::core::mem::offset_of!(iomm_static_config, nr_ranges) - 64usize];
    [
        "Offset of field: iomm_static_config::range_stride",
    ][::core::mem::offset_of!(iomm_static_config, range_stride) - 68usize];
};
impl Default for iomm_static_config {
    fn default() -> Self {
        let mut s = ::core::mem::MaybeUninit::<Self>::uninit();
        unsafe {
            ::core::ptr::write_bytes(s.as_mut_ptr(), 0, 1);
            s.assume_init()
        }
    }
}
#[repr(C)]
#[derive(Debug, Default, Copy, Clone)]
pub struct iomm_table_memory_ops {
    pub size: u32,
    pub flags: u32,
    pub linear_offset: iomm_u64,
    pub alloc: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            bytes: u64,
            max_pa: u64,
            va: *mut *mut ::core::ffi::c_void,
            pa: *mut u64,
        ) -> ::core::ffi::c_int,
    >,
    pub free: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            va: *mut ::core::ffi::c_void,
            pa: u64,
            bytes: u64,
        ),
    >,
    pub sync: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            va: *const ::core::ffi::c_void,
            pa: u64,
            bytes: u64,
        ),
    >,
    pub to_virt: ::core::option::Option<
        unsafe extern "C" fn(
            data: *mut ::core::ffi::c_void,
            pa: u64,
            bytes: u64,
        ) -> *mut ::core::ffi::c_void,
    >,
}
#[allow(clippy::unnecessary_operation, clippy::identity_op)]
const _: () = {
    [
        "Size of iomm_table_memory_ops",
    ][::core::mem::size_of::<iomm_table_memory_ops>() - 48usize];
    [
        "Alignment of iomm_table_memory_ops",
    ][::core::mem::align_of::<iomm_table_memory_ops>() - 8usize];
    [
        "Offset of field: iomm_table_memory_ops::size",
    ][::core::mem::offset_of!(iomm_table_memory_ops, size) - 0usize];
    [
        "Offset of field: iomm_table_memory_ops::flags",
    ][::core::mem::offset_of!(iomm_table_memory_ops, flags) - 4usize];
    [
        "Offset of field: iomm_table_memory_ops::linear_offset",
    ][::core::mem::offset_of!(iomm_table_memory_ops, linear_offset) - 8usize];
    [
        "Offset of field: iomm_table_memory_ops::alloc",
    ][::core::mem::offset_of!(iomm_table_memory_ops, alloc) - 16usize];
    [
        "Offset of field: iomm_table_memory_ops::free",
    ][::core::mem::offset_of!(iomm_table_memory_ops, free) - 24usize];
    [
        "Offset of field: iomm_table_memory_ops::sync",
    ][::core::mem::offset_of!(iomm_table_memory_ops, sync) - 32usize];
    [
        "Offset of field: iomm_table_memory_ops::to_virt",
    ][::core::mem::offset_of!(iomm_table_memory_ops, to_virt) - 40usize];
};
unsafe extern "C" {
    pub fn iomm_allocator_create(
        ctx: *mut iomm_ctx,
        config: *const iomm_allocator_config,
        backend: *const iomm_alloc_backend_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_allocator,
    ) -> ::core::ffi::c_int;
    pub fn iomm_allocator_get(allocator: *mut iomm_allocator) -> *mut iomm_allocator;
    pub fn iomm_allocator_put(allocator: *mut iomm_allocator);
    pub fn iomm_allocator_type(
        allocator: *mut iomm_allocator,
        type_: u32,
        out: *mut *mut iomm_alloc_type,
    ) -> ::core::ffi::c_int;
    pub fn iomm_allocator_info(
        allocator: *mut iomm_allocator,
        info: *mut iomm_allocator_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_allocator_layout(
        allocator: *mut iomm_allocator,
        parts: *mut iomm_alloc_part,
        stride: u32,
        count: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_allocator_find(
        allocator: *mut iomm_allocator,
        address: *const ::core::ffi::c_void,
        allocation: *mut iomm_allocation,
    ) -> ::core::ffi::c_int;
    pub fn iomm_allocator_trim(allocator: *mut iomm_allocator) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_get(type_: *mut iomm_alloc_type) -> *mut iomm_alloc_type;
    pub fn iomm_alloc_type_put(type_: *mut iomm_alloc_type);
    pub fn iomm_alloc_type_number(type_: *const iomm_alloc_type) -> u32;
    pub fn iomm_alloc_type_alloc(
        type_: *mut iomm_alloc_type,
        bytes: u64,
        out: *mut *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_free(
        type_: *mut iomm_alloc_type,
        address: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_fill(
        type_: *mut iomm_alloc_type,
        dst: *mut ::core::ffi::c_void,
        src: *const ::core::ffi::c_void,
        bytes: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_seal(
        type_: *mut iomm_alloc_type,
        address: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_sync(type_: *mut iomm_alloc_type) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_stats(
        type_: *mut iomm_alloc_type,
        stats: *mut iomm_alloc_stats,
    ) -> ::core::ffi::c_int;
    pub fn iomm_alloc_type_next(
        type_: *mut iomm_alloc_type,
        after: *const ::core::ffi::c_void,
        allocation: *mut iomm_allocation,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_create(
        firmware: *mut iomm_firmware,
        name: *const ::core::ffi::c_char,
        ops: *const iomm_bus_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_bus,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_create_manual(
        ctx: *mut iomm_ctx,
        name: *const ::core::ffi::c_char,
        out: *mut *mut iomm_bus,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_create_platform(
        firmware: *mut iomm_firmware,
        name: *const ::core::ffi::c_char,
        out: *mut *mut iomm_bus,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_create_pci(
        firmware: *mut iomm_firmware,
        host: u64,
        pci: *mut iomm_pci,
        segment: u32,
        name: *const ::core::ffi::c_char,
        out: *mut *mut iomm_bus,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_name(
        bus: *mut iomm_bus,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_bus_get(bus: *mut iomm_bus) -> *mut iomm_bus;
    pub fn iomm_bus_put(bus: *mut iomm_bus);
    pub fn iomm_gather_init(gather: *mut iomm_gather);
    pub fn iomm_gather_pending(gather: *const iomm_gather) -> u64;
    pub fn iomm_gather_flush(gather: *mut iomm_gather) -> ::core::ffi::c_int;
    pub fn iomm_gather_abandon(gather: *mut iomm_gather);
    pub fn iomm_pgtable_create(
        ctx: *mut iomm_ctx,
        format: *const ::core::ffi::c_char,
        config: *const iomm_pgtable_config,
        tlb: *const iomm_tlb_ops,
        tlb_data: *mut ::core::ffi::c_void,
        tlb_release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_pgtable,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_get(pgtable: *mut iomm_pgtable) -> *mut iomm_pgtable;
    pub fn iomm_pgtable_put(pgtable: *mut iomm_pgtable);
    pub fn iomm_pgtable_info(
        pgtable: *mut iomm_pgtable,
        info: *mut iomm_pgtable_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_map(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: u32,
        flags: u32,
        mapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_map_segments(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        segments: *const iomm_segment,
        count: u32,
        stride: u32,
        prot: u32,
        flags: u32,
        mapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_unmap(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        gather: *mut iomm_gather,
        unmapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_unmap_extents(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        gather: *mut iomm_gather,
        extents: *mut iomm_extent,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_protect(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        prot: u32,
        gather: *mut iomm_gather,
        changed: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_split(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        page_size: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_merge(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        gather: *mut iomm_gather,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_read_and_clear_dirty(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        flags: u32,
        bitmap: *mut u64,
        words: u32,
        gather: *mut iomm_gather,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_translate(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        out: *mut iomm_translation,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_extents(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        extents: *mut iomm_extent,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_walk(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        visit: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                entry: *const iomm_walk_entry,
            ) -> ::core::ffi::c_int,
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_flush_all(pgtable: *mut iomm_pgtable) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_restore(
        pgtable: *mut iomm_pgtable,
        info: *mut iomm_pgtable_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_trim(pgtable: *mut iomm_pgtable) -> u64;
    pub fn iomm_version() -> u32;
    pub fn iomm_ctx_create(
        config: *const iomm_ctx_config,
        out: *mut *mut iomm_ctx,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ctx_get(ctx: *mut iomm_ctx) -> *mut iomm_ctx;
    pub fn iomm_ctx_put(ctx: *mut iomm_ctx);
    pub fn iomm_ctx_run(ctx: *mut iomm_ctx) -> ::core::ffi::c_int;
    pub fn iomm_ctx_now(ctx: *mut iomm_ctx) -> u64;
    pub fn iomm_ctx_next_deadline(
        ctx: *mut iomm_ctx,
        deadline: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ctx_close(ctx: *mut iomm_ctx, timeout: u64) -> ::core::ffi::c_int;
    pub fn iomm_ctx_seal_iommus(ctx: *mut iomm_ctx) -> ::core::ffi::c_int;
    pub fn iomm_ctx_live_handles(ctx: *mut iomm_ctx, kind: u32) -> u32;
    pub fn iomm_cursor_init(
        cursor: *mut iomm_cursor,
        pgtable: *mut iomm_pgtable,
    ) -> ::core::ffi::c_int;
    pub fn iomm_cursor_fini(cursor: *mut iomm_cursor);
    pub fn iomm_cursor_map(
        cursor: *mut iomm_cursor,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: u32,
        flags: u32,
        mapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_cursor_unmap(
        cursor: *mut iomm_cursor,
        iova: u64,
        bytes: u64,
        gather: *mut iomm_gather,
        unmapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_lookup(
        firmware: *mut iomm_firmware,
        node: u64,
        inputs: *const u64,
        nr_inputs: u32,
        out: *mut *mut iomm_fwspec,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_place(
        firmware: *mut iomm_firmware,
        place: u64,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_fwspec_info(
        spec: *mut iomm_fwspec,
        info: *mut iomm_fwspec_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_fwspec_iommu(
        spec: *mut iomm_fwspec,
        index: u32,
        out: *mut iomm_specifier,
    ) -> ::core::ffi::c_int;
    pub fn iomm_fwspec_region(
        spec: *mut iomm_fwspec,
        index: u32,
        out: *mut iomm_reserved_region,
    ) -> ::core::ffi::c_int;
    pub fn iomm_fwspec_dma_range(
        spec: *mut iomm_fwspec,
        index: u32,
        out: *mut iomm_dma_range,
    ) -> ::core::ffi::c_int;
    pub fn iomm_fwspec_get(spec: *mut iomm_fwspec) -> *mut iomm_fwspec;
    pub fn iomm_fwspec_put(spec: *mut iomm_fwspec);
    pub fn iomm_device_create(
        bus: *mut iomm_bus,
        config: *const iomm_device_config,
        out: *mut *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_find(
        ctx: *mut iomm_ctx,
        name: *const ::core::ffi::c_char,
        out: *mut *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_get(device: *mut iomm_device) -> *mut iomm_device;
    pub fn iomm_device_put(device: *mut iomm_device);
    pub fn iomm_device_probe(device: *mut iomm_device) -> ::core::ffi::c_int;
    pub fn iomm_device_remove(
        device: *mut iomm_device,
        timeout: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_set_gone(device: *mut iomm_device) -> ::core::ffi::c_int;
    pub fn iomm_device_gone(device: *mut iomm_device) -> ::core::ffi::c_int;
    pub fn iomm_device_enter(
        device: *mut iomm_device,
        guard: *mut iomm_device_guard,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_exit(guard: *mut iomm_device_guard);
    pub fn iomm_device_add_release(
        device: *mut iomm_device,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_remove_release(
        device: *mut iomm_device,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_set_data(
        device: *mut iomm_device,
        key: *const ::core::ffi::c_void,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_data(
        device: *mut iomm_device,
        key: *const ::core::ffi::c_void,
        out: *mut *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_info(
        device: *mut iomm_device,
        info: *mut iomm_device_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_name(
        device: *mut iomm_device,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_state(
        device: *mut iomm_device,
        out: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_ids(
        device: *mut iomm_device,
        ids: *mut iomm_device_id,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_device_group(
        device: *mut iomm_device,
        out: *mut *mut iomm_group,
    ) -> ::core::ffi::c_int;
    pub fn iomm_iommu_register(
        ctx: *mut iomm_ctx,
        config: *const iomm_iommu_config,
        ops: *const iomm_iommu_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_iommu,
    ) -> ::core::ffi::c_int;
    pub fn iomm_iommu_unregister(
        iommu: *mut iomm_iommu,
        timeout: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_iommu_report_fault(
        iommu: *mut iomm_iommu,
        fault: *const iomm_fault,
    ) -> ::core::ffi::c_int;
    pub fn iomm_iommu_name(
        iommu: *mut iomm_iommu,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_iommu_get(iommu: *mut iomm_iommu) -> *mut iomm_iommu;
    pub fn iomm_iommu_put(iommu: *mut iomm_iommu);
    pub fn iomm_domain_create(
        device: *mut iomm_device,
        config: *const iomm_domain_config,
        out: *mut *mut iomm_domain,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_get(domain: *mut iomm_domain) -> *mut iomm_domain;
    pub fn iomm_domain_put(domain: *mut iomm_domain);
    pub fn iomm_domain_set_fault_handler(
        domain: *mut iomm_domain,
        handler: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                fault: *const iomm_fault,
            ),
        >,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_info(
        domain: *mut iomm_domain,
        info: *mut iomm_pgtable_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_attach(
        domain: *mut iomm_domain,
        device: *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_replace(
        domain: *mut iomm_domain,
        device: *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_detach(
        domain: *mut iomm_domain,
        device: *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_attach_pasid(
        domain: *mut iomm_domain,
        device: *mut iomm_device,
        pasid: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_detach_pasid(
        domain: *mut iomm_domain,
        device: *mut iomm_device,
        pasid: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_map(
        domain: *mut iomm_domain,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: u32,
        flags: u32,
        mapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_unmap(
        domain: *mut iomm_domain,
        iova: u64,
        bytes: u64,
        gather: *mut iomm_gather,
        unmapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_domain_flush_all(domain: *mut iomm_domain) -> ::core::ffi::c_int;
    pub fn iomm_domain_translate(
        domain: *mut iomm_domain,
        iova: u64,
        out: *mut iomm_translation,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_dump(
        pgtable: *mut iomm_pgtable,
        form: u32,
        write: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                piece: *const ::core::ffi::c_void,
                bytes: u64,
            ) -> ::core::ffi::c_int,
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_load(
        ctx: *mut iomm_ctx,
        dump: *const ::core::ffi::c_void,
        bytes: u64,
        out: *mut *mut iomm_pgtable,
    ) -> ::core::ffi::c_int;
    pub fn iomm_strerror(code: ::core::ffi::c_int) -> *const ::core::ffi::c_char;
    pub fn iomm_error_message(
        ctx: *mut iomm_ctx,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_create_fdt(
        ctx: *mut iomm_ctx,
        blob: *const ::core::ffi::c_void,
        bytes: u64,
        out: *mut *mut iomm_firmware,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_create_acpi(
        ctx: *mut iomm_ctx,
        tables: *const iomm_acpi_table,
        count: u32,
        stride: u32,
        topology: *mut iomm_pci,
        out: *mut *mut iomm_firmware,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_from_linux(
        ctx: *mut iomm_ctx,
        root: *const ::core::ffi::c_char,
        flags: u32,
        out: *mut *mut iomm_firmware,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_get(firmware: *mut iomm_firmware) -> *mut iomm_firmware;
    pub fn iomm_firmware_put(firmware: *mut iomm_firmware);
    pub fn iomm_firmware_next(
        firmware: *mut iomm_firmware,
        flags: u32,
        prev: u64,
        out: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_find(
        firmware: *mut iomm_firmware,
        path: *const ::core::ffi::c_char,
        out: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_node_info(
        firmware: *mut iomm_firmware,
        node: u64,
        info: *mut iomm_node_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_node_path(
        firmware: *mut iomm_firmware,
        node: u64,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_node_compatible(
        firmware: *mut iomm_firmware,
        node: u64,
        compatible: *const ::core::ffi::c_char,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_request(
        ctx: *mut iomm_ctx,
        name: *const ::core::ffi::c_char,
        flags: u32,
        timeout: u64,
        out: *mut *mut iomm_format,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_info(
        format: *mut iomm_format,
        info: *mut iomm_format_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_get(format: *mut iomm_format) -> *mut iomm_format;
    pub fn iomm_format_put(format: *mut iomm_format);
    pub fn iomm_format_next(
        ctx: *mut iomm_ctx,
        after: *const ::core::ffi::c_char,
        slot: *mut iomm_format_slot,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_subscribe(
        ctx: *mut iomm_ctx,
        notify: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                name: *const ::core::ffi::c_char,
                result: ::core::ffi::c_int,
            ),
        >,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_unsubscribe(
        ctx: *mut iomm_ctx,
        notify: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                name: *const ::core::ffi::c_char,
                result: ::core::ffi::c_int,
            ),
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_register(
        ctx: *mut iomm_ctx,
        ops: *const iomm_format_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_format,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_register_all(
        ctx: *mut iomm_ctx,
        ops: *const iomm_format_ops,
        count: u32,
        stride: u32,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_format,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_unregister(
        format: *mut iomm_format,
        flags: u32,
        done: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_format_announce(
        ctx: *mut iomm_ctx,
        name: *const ::core::ffi::c_char,
        timeout: u64,
        loader: *const iomm_format_loader,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_formats_seal(ctx: *mut iomm_ctx) -> ::core::ffi::c_int;
    pub fn iomm_group_number(
        group: *mut iomm_group,
        out: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_info(
        group: *mut iomm_group,
        info: *mut iomm_group_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_device(
        group: *mut iomm_group,
        index: u32,
        out: *mut *mut iomm_device,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_regions(
        group: *mut iomm_group,
        regions: *mut iomm_reserved_region,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_default_domain(
        group: *mut iomm_group,
        out: *mut *mut iomm_domain,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_use_default(group: *mut iomm_group) -> ::core::ffi::c_int;
    pub fn iomm_group_unuse_default(group: *mut iomm_group) -> ::core::ffi::c_int;
    pub fn iomm_group_claim(
        group: *mut iomm_group,
        owner: *const ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_release(
        group: *mut iomm_group,
        owner: *const ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_group_get(group: *mut iomm_group) -> *mut iomm_group;
    pub fn iomm_group_put(group: *mut iomm_group);
    pub fn iomm_ioasid_space_create(
        ctx: *mut iomm_ctx,
        config: *const iomm_ioasid_space_config,
        out: *mut *mut iomm_ioasid_space,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_space_get(
        space: *mut iomm_ioasid_space,
    ) -> *mut iomm_ioasid_space;
    pub fn iomm_ioasid_space_put(space: *mut iomm_ioasid_space);
    pub fn iomm_ioasid_space_info(
        space: *mut iomm_ioasid_space,
        info: *mut iomm_ioasid_space_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_allocator_register(
        space: *mut iomm_ioasid_space,
        ops: *const iomm_ioasid_allocator_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_allocator_unregister(
        space: *mut iomm_ioasid_space,
        ops: *const iomm_ioasid_allocator_ops,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_subscribe(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        order: u32,
        notify: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                event: *const iomm_ioasid_event,
            ) -> ::core::ffi::c_int,
        >,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_unsubscribe(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        notify: ::core::option::Option<
            unsafe extern "C" fn(
                data: *mut ::core::ffi::c_void,
                event: *const iomm_ioasid_event,
            ) -> ::core::ffi::c_int,
        >,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_set_create(
        space: *mut iomm_ioasid_space,
        config: *const iomm_ioasid_set_config,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_ioasid_set,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_set_get(set: *mut iomm_ioasid_set) -> *mut iomm_ioasid_set;
    pub fn iomm_ioasid_set_put(set: *mut iomm_ioasid_set);
    pub fn iomm_ioasid_set_free(
        set: *mut iomm_ioasid_set,
        flags: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_set_info(
        set: *mut iomm_ioasid_set,
        info: *mut iomm_ioasid_set_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_alloc(
        set: *mut iomm_ioasid_set,
        min: u32,
        max: u32,
        data: *mut ::core::ffi::c_void,
        id: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_free(set: *mut iomm_ioasid_set, id: u32) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_get(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_put(space: *mut iomm_ioasid_space, id: u32);
    pub fn iomm_ioasid_find(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
        data: *mut *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_find_with(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
        fn_: ::core::option::Option<
            unsafe extern "C" fn(
                arg: *mut ::core::ffi::c_void,
                id: u32,
                data: *mut ::core::ffi::c_void,
            ),
        >,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_set_data(
        set: *mut iomm_ioasid_set,
        id: u32,
        data: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_info(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
        info: *mut iomm_ioasid_info,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_bind(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_unbind(
        space: *mut iomm_ioasid_space,
        set: *mut iomm_ioasid_set,
        id: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_attach_spid(
        set: *mut iomm_ioasid_set,
        id: u32,
        spid: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_detach_spid(
        set: *mut iomm_ioasid_set,
        spid: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_find_spid(
        set: *mut iomm_ioasid_set,
        spid: u64,
        id: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_ioasid_for_each(
        set: *mut iomm_ioasid_set,
        visit: ::core::option::Option<
            unsafe extern "C" fn(
                arg: *mut ::core::ffi::c_void,
                id: u32,
                data: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pasid_create(
        space: *mut iomm_ioasid_space,
        config: *const iomm_ioasid_set_config,
        data_release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        ops: *const iomm_pasid_ops,
        driver: *mut ::core::ffi::c_void,
        driver_release: ::core::option::Option<
            unsafe extern "C" fn(driver: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_pasid,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pasid_get(pasid: *mut iomm_pasid) -> *mut iomm_pasid;
    pub fn iomm_pasid_put(pasid: *mut iomm_pasid);
    pub fn iomm_pasid_set(pasid: *mut iomm_pasid) -> *mut iomm_ioasid_set;
    pub fn iomm_pasid_alloc(
        pasid: *mut iomm_pasid,
        data: *mut ::core::ffi::c_void,
        id: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pasid_free(pasid: *mut iomm_pasid, id: u32) -> ::core::ffi::c_int;
    pub fn iomm_pasid_find(
        pasid: *mut iomm_pasid,
        id: u32,
        data: *mut *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pasid_for_each(
        pasid: *mut iomm_pasid,
        visit: ::core::option::Option<
            unsafe extern "C" fn(
                arg: *mut ::core::ffi::c_void,
                id: u32,
                data: *mut ::core::ffi::c_void,
            ) -> ::core::ffi::c_int,
        >,
        arg: *mut ::core::ffi::c_void,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pci_create(
        ctx: *mut iomm_ctx,
        functions: *const iomm_pci_function,
        count: u32,
        stride: u32,
        out: *mut *mut iomm_pci,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pci_from_sysfs(
        ctx: *mut iomm_ctx,
        root: *const ::core::ffi::c_char,
        out: *mut *mut iomm_pci,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pci_get(pci: *mut iomm_pci) -> *mut iomm_pci;
    pub fn iomm_pci_put(pci: *mut iomm_pci);
    pub fn iomm_pci_functions(
        pci: *mut iomm_pci,
        functions: *mut iomm_pci_function,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pci_aliases(
        pci: *mut iomm_pci,
        segment: u32,
        rid: u32,
        ids: *mut iomm_pci_id,
        stride: u32,
        count: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pci_route(
        pci: *mut iomm_pci,
        segment: u32,
        bus: u32,
        path: *const u8,
        steps: u32,
        rid: *mut u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_plugin_open(
        ctx: *mut iomm_ctx,
        name: *const ::core::ffi::c_char,
        flags: u32,
        out: *mut *mut iomm_plugin,
    ) -> ::core::ffi::c_int;
    pub fn iomm_plugin_announce(
        ctx: *mut iomm_ctx,
        format: *const ::core::ffi::c_char,
        name: *const ::core::ffi::c_char,
        timeout: u64,
        out: *mut *mut iomm_plugin,
    ) -> ::core::ffi::c_int;
    pub fn iomm_plugin_close(plugin: *mut iomm_plugin) -> ::core::ffi::c_int;
    pub fn iomm_plugin_path(
        plugin: *mut iomm_plugin,
        buf: *mut ::core::ffi::c_char,
        len: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_pgtable_reserve(
        pgtable: *mut iomm_pgtable,
        iova: u64,
        bytes: u64,
        out: *mut *mut iomm_reservation,
    ) -> ::core::ffi::c_int;
    pub fn iomm_reservation_commit(
        reservation: *mut iomm_reservation,
        iova: u64,
        paddr: u64,
        bytes: u64,
        prot: u32,
        flags: u32,
        mapped: *mut u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_reservation_get(
        reservation: *mut iomm_reservation,
    ) -> *mut iomm_reservation;
    pub fn iomm_reservation_put(reservation: *mut iomm_reservation);
    pub fn iomm_soft_create(
        ctx: *mut iomm_ctx,
        config: *const iomm_soft_config,
        out: *mut *mut iomm_soft,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_get(soft: *mut iomm_soft) -> *mut iomm_soft;
    pub fn iomm_soft_put(soft: *mut iomm_soft);
    pub fn iomm_soft_add_memory(
        soft: *mut iomm_soft,
        paddr: u64,
        memory: *mut ::core::ffi::c_void,
        bytes: u64,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_set_context(
        soft: *mut iomm_soft,
        id: u64,
        pasid: u32,
        context: *const iomm_soft_context,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_clear_context(
        soft: *mut iomm_soft,
        id: u64,
        pasid: u32,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_invalidate(
        soft: *mut iomm_soft,
        tag: u64,
        iova: u64,
        last: u64,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_read(
        soft: *mut iomm_soft,
        id: u64,
        pasid: u32,
        iova: u64,
        buf: *mut ::core::ffi::c_void,
        bytes: u64,
        fault: *mut iomm_fault,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_write(
        soft: *mut iomm_soft,
        id: u64,
        pasid: u32,
        iova: u64,
        buf: *const ::core::ffi::c_void,
        bytes: u64,
        fault: *mut iomm_fault,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_translate(
        soft: *mut iomm_soft,
        id: u64,
        pasid: u32,
        iova: u64,
        access: u32,
        out: *mut iomm_translation,
        fault: *mut iomm_fault,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_stats(
        soft: *mut iomm_soft,
        stats: *mut iomm_soft_stats,
    ) -> ::core::ffi::c_int;
    pub fn iomm_soft_register(
        soft: *mut iomm_soft,
        driver: *const iomm_soft_driver,
        out: *mut *mut iomm_iommu,
    ) -> ::core::ffi::c_int;
    pub fn iomm_firmware_create_static(
        ctx: *mut iomm_ctx,
        config: *const iomm_static_config,
        out: *mut *mut iomm_firmware,
    ) -> ::core::ffi::c_int;
    pub fn iomm_table_memory_create(
        ctx: *mut iomm_ctx,
        ops: *const iomm_table_memory_ops,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_table_memory,
    ) -> ::core::ffi::c_int;
    pub fn iomm_table_memory_create_arena(
        ctx: *mut iomm_ctx,
        va: *mut ::core::ffi::c_void,
        pa: u64,
        bytes: u64,
        data: *mut ::core::ffi::c_void,
        release: ::core::option::Option<
            unsafe extern "C" fn(data: *mut ::core::ffi::c_void),
        >,
        out: *mut *mut iomm_table_memory,
    ) -> ::core::ffi::c_int;
    pub fn iomm_table_memory_get(
        memory: *mut iomm_table_memory,
    ) -> *mut iomm_table_memory;
    pub fn iomm_table_memory_put(memory: *mut iomm_table_memory);
}
