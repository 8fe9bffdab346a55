/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * The PASIDs of a device: a set of IDs whose numbers the device's driver may
 * narrow, and may choose.
 */
#ifndef IOMM_PASID_H
#define IOMM_PASID_H

#include <iomm/ioasid.h>

/** What a driver says of the PASIDs of one device. Called without locks. */
struct iomm_pasid_ops {
	uint32_t size;	/**< sizeof(struct iomm_pasid_ops) */
	uint32_t flags; /**< 0 */

	/** The first and the last PASID that the device can do; both come in
	 * as those of the space. 0, or a negative IOMM_E*. Optional: all. */
	IOMM_FN(int, limits, (void *data, uint32_t *min, uint32_t *max));
	/** Chooses a PASID in `[min, max]`. 0: exactly that one is taken.
	 * EAGAIN: the space chooses. Any other error is the caller's. Optional:
	 * the space chooses. */
	IOMM_FN(int, alloc,
		(void *data, uint32_t min, uint32_t max, uint32_t *id));
	/** Takes back what `alloc` chose. Required with `alloc`. */
	IOMM_FN(void, free, (void *data, uint32_t id));
};

#define IOMM_PASID_OPS_SIZE_VER0 32u
IOMM_LAYOUT(sizeof(struct iomm_pasid_ops) == IOMM_PASID_OPS_SIZE_VER0,
	    "iomm_pasid_ops");

IOMM_BEGIN_DECLS

/**
 * Makes the PASID consumer of a device, and asks its driver for the limits.
 *
 * @param space where the numbers come from
 * @param config of the set that it makes, or NULL for the defaults
 * @param data_release takes the private data of a PASID back, as in
 *        iomm_ioasid_set_create(); may be NULL
 * @param ops the driver's hooks; copied
 * @param driver handed to every hook
 * @param driver_release takes `driver` back; may be NULL
 * @param out the consumer, with one reference
 *
 * Ownership: the caller owns the reference. `driver_release` runs exactly once,
 *   after the last hook, also when this call fails.
 * Thread: any.
 * Context: may allocate and run a callback; not in atomic hooks.
 * Errors: as iomm_ioasid_set_create(); what `limits` answered; EPROTO: it
 *   answered limits that leave nothing.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pasid_create(struct iomm_ioasid_space *space,
		  const struct iomm_ioasid_set_config *config,
		  void (*data_release)(void *data),
		  const struct iomm_pasid_ops *ops, void *driver,
		  void (*driver_release)(void *driver),
		  struct iomm_pasid **out);

/**
 * Takes a reference.
 *
 * @param pasid a consumer to which the caller holds a reference, or NULL
 * @return its argument
 *
 * Ownership: the caller owns one reference more.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_pasid *iomm_pasid_get(struct iomm_pasid *pasid);

/**
 * Gives a reference back. The PASIDs that are left go with their set.
 *
 * @param pasid a consumer, or NULL
 *
 * Ownership: takes the caller's reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API void iomm_pasid_put(struct iomm_pasid *pasid);

/**
 * The consumer's set, for what <iomm/ioasid.h> does with a set: find_with,
 * bind, set_data, free, subscribe. Taking an ID from it by hand leaves the
 * driver out.
 *
 * @param pasid a consumer
 * @return the set, with one reference; NULL for NULL
 *
 * Ownership: the caller owns the reference.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none.
 * Since: 0.1
 */
IOMM_API struct iomm_ioasid_set *iomm_pasid_set(struct iomm_pasid *pasid);

/**
 * Takes a PASID within the device's limits. The driver is asked first.
 *
 * @param pasid a consumer
 * @param data private data; may be NULL
 * @param id the PASID
 *
 * Ownership: as iomm_ioasid_alloc().
 * Thread: any.
 * Context: as iomm_ioasid_alloc().
 * Errors: as iomm_ioasid_alloc(); what the driver answered; EPROTO: it chose a
 *   number outside the limits, or one that is out.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pasid_alloc(struct iomm_pasid *pasid, void *data, uint32_t *id);

/**
 * Gives a PASID back, as iomm_ioasid_free(). The driver's `free` is called when
 * the number is, and if the driver chose it.
 *
 * @param pasid a consumer
 * @param id the PASID
 *
 * Ownership: takes the PASID.
 * Thread: any.
 * Context: as iomm_ioasid_free().
 * Errors: as iomm_ioasid_free().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pasid_free(struct iomm_pasid *pasid, uint32_t id);

/**
 * Looks a PASID up and takes a reference, as iomm_ioasid_find().
 *
 * @param pasid a consumer
 * @param id the PASID
 * @param data its private data
 *
 * Ownership: the caller owns one reference, for iomm_ioasid_put().
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: as iomm_ioasid_find().
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pasid_find(struct iomm_pasid *pasid, uint32_t id, void **data);

/**
 * Calls `visit` for each PASID, as iomm_ioasid_for_each().
 *
 * @param pasid a consumer
 * @param visit called without locks; anything but 0 ends the walk and is
 *        returned
 * @param arg handed to it
 *
 * Ownership: none.
 * Thread: any.
 * Context: runs callbacks; not in atomic hooks.
 * Errors: EINVAL, what `visit` returned.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_pasid_for_each(struct iomm_pasid *pasid,
		    int (*visit)(void *arg, uint32_t id, void *data),
		    void *arg);

IOMM_END_DECLS

#endif
