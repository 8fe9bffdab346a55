/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Devices whose DMA has another requester ID than their own, and bridges that
 * do not say what they are. No manual lists them: they were found by people
 * whose DMA faulted, and are known from their vendor and device IDs.
 */
#include "device/pci.h"

#define DEVFN(device, function) ((device) << 3 | (function))

#define FUNCTION(vendor, device, function)                                    \
	{                                                                     \
		(vendor), (device), 0, 0, IOMM_PCI_QUIRK_FUNCTION, (function) \
	}
#define FIXED(vendor, device, devfn)                                    \
	{                                                               \
		(vendor), (device), 0, 0, IOMM_PCI_QUIRK_DEVFN, (devfn) \
	}
#define ANY_DEVICE(vendor, device, functions)                        \
	{                                                            \
		(vendor), (device), 0, 0, IOMM_PCI_QUIRK_ANY_DEVICE, \
			(functions)                                  \
	}
#define BRIDGE(vendor, device)                                          \
	{                                                               \
		(vendor), (device), 0, 0, IOMM_PCI_QUIRK_PCIE_TO_PCI, 0 \
	}
#define ROOT(vendor, device)                                                 \
	{                                                                    \
		(vendor), (device), 0, 0, IOMM_PCI_QUIRK_TRANSLATION_ROOT, 0 \
	}

static const struct iomm_pci_quirk quirks[] = {
	/* Ricoh card readers; Glenfly graphics */
	FUNCTION(0x1180, 0xe832, 0),
	FUNCTION(0x1180, 0xe476, 0),
	FUNCTION(0x6766, 0x3d40, 0),
	FUNCTION(0x6766, 0x3d41, 0),
	/* Marvell 88SE91xx and 88SE92xx SATA, and what is built with them */
	FUNCTION(0x1b4b, 0x9120, 1),
	FUNCTION(0x1b4b, 0x9123, 1),
	FUNCTION(0x1b4b, 0x9125, 1),
	FUNCTION(0x1b4b, 0x9128, 1),
	FUNCTION(0x1b4b, 0x9130, 1),
	FUNCTION(0x1b4b, 0x9170, 1),
	FUNCTION(0x1b4b, 0x9172, 1),
	FUNCTION(0x1b4b, 0x917a, 1),
	FUNCTION(0x1b4b, 0x9182, 1),
	FUNCTION(0x1b4b, 0x9183, 1),
	FUNCTION(0x1b4b, 0x91a0, 1),
	FUNCTION(0x1b4b, 0x9215, 1),
	FUNCTION(0x1b4b, 0x9220, 1),
	FUNCTION(0x1b4b, 0x9230, 1),
	FUNCTION(0x1b4b, 0x9235, 1),
	FUNCTION(0x1103, 0x0642, 1),
	FUNCTION(0x1103, 0x0645, 1),
	FUNCTION(0x1c28, 0x0122, 1),
	/* JMicron JMB388 */
	FUNCTION(0x197b, 0x2392, 1),
	/* Adaptec 3405 and 3805: a hidden device does the DMA */
	{ 0x9005, 0x0285, 0x9005, 0x02bb, IOMM_PCI_QUIRK_DEVFN, DEVFN(1, 0) },
	{ 0x9005, 0x0285, 0x9005, 0x02bc, IOMM_PCI_QUIRK_DEVFN, DEVFN(1, 0) },
	/* Intel MIC x200: its bridge forwards under these */
	FIXED(0x8086, 0x2260, DEVFN(0x10, 0)),
	FIXED(0x8086, 0x2260, DEVFN(0x11, 0)),
	FIXED(0x8086, 0x2260, DEVFN(0x12, 3)),
	FIXED(0x8086, 0x2264, DEVFN(0x10, 0)),
	FIXED(0x8086, 0x2264, DEVFN(0x11, 0)),
	FIXED(0x8086, 0x2264, DEVFN(0x12, 3)),
	/* Intel VCA: the slot on its far side is not known */
	ANY_DEVICE(0x8086, 0x2954, 5),
	ANY_DEVICE(0x8086, 0x2955, 5),
	ANY_DEVICE(0x8086, 0x2956, 5),
	ANY_DEVICE(0x8086, 0x2958, 5),
	ANY_DEVICE(0x8086, 0x2959, 5),
	ANY_DEVICE(0x8086, 0x295a, 5),
	/* PLX bridges from one machine to another: what is on the far side has
	 * any ID */
	ANY_DEVICE(0x10b5, 0x87b0, 8),
	ANY_DEVICE(0x10b5, 0x87b1, 8),
	/* ASMedia 1083/1085, Tundra 8113, ITE 8892 and 8893, Intel 82801 */
	BRIDGE(0x1b21, 0x1080),
	BRIDGE(0x10e3, 0x8113),
	BRIDGE(0x1283, 0x8892),
	BRIDGE(0x1283, 0x8893),
	BRIDGE(0x8086, 0x244e),
	/* Broadcom Vulcan, Cavium ThunderX2 */
	ROOT(0x14e4, 0x9000),
	ROOT(0x14e4, 0x9084),
};

#define NR_QUIRKS (sizeof(quirks) / sizeof(quirks[0]))

static bool is_for(const struct iomm_pci_quirk *quirk,
		   const struct iomm_pci_function *function)
{
	uint32_t subsystem = (uint32_t)quirk->subsystem << 16 |
			     quirk->subsystem_vendor;

	return function->id ==
		       ((uint32_t)quirk->device << 16 | quirk->vendor) &&
	       (!subsystem || function->subsystem == subsystem);
}

const struct iomm_pci_quirk *
iomm_pci_quirk_next(const struct iomm_pci_function *function,
		    const struct iomm_pci_quirk *prev)
{
	const struct iomm_pci_quirk *quirk = prev ? prev + 1 : quirks;

	if (!(function->flags & IOMM_PCI_QUIRKS))
		return NULL;
	for (; quirk < quirks + NR_QUIRKS; quirk++)
		if (is_for(quirk, function))
			return quirk;
	return NULL;
}
