/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/*
 * Every hook fails, each in turn. A scenario is run again and again; in the
 * k-th run the k-th call of a hook that may fail does: an allocation, the
 * making of a lock, a callback of the IOMMU driver, of the table memory, a TLB
 * hook. It ends with the run that has no k-th call. After each, everything must
 * have been given back: the world's books are checked, and the scenario looks
 * for what it left half-done.
 *
 * A scenario is a function and a line in its program's list:
 *
 *   static int probe(struct faults *f)
 *   {
 *           struct iomm_device *device = faults_device(f, "one");
 *           int err = FAULTY(f, iomm_device_probe(device));
 *
 *           assert_int_equal(device_state(device), err ? ... : ...);
 *           iomm_device_put(device);
 *           return err;
 *   }
 *   ... FAULT_TEST(probe)
 */
#ifndef STRESS_FAULTS_H
#define STRESS_FAULTS_H

#include "unit/support.h"

struct faults {
	struct world world;
	struct mock mock; /* by faults_register() */

	uint64_t k;	/* the site that fails */
	uint64_t sites; /* reached so far, while armed */
	int injected;	/* what the site that failed answered; 0: none did */

	int64_t tables; /* of the table memory, out now */
	void *foreign;	/* memory in which others built tables */
	uint64_t foreign_bytes;
	uint32_t due, released;	 /* release functions handed over, called */
	bool may_succeed;	 /* a failure may be dealt with silently */
	bool flushes_work;	 /* the driver's are no sites */
	uint64_t node;		 /* "/first" */
	uint32_t default_domain; /* what the mock's devices need; 0: any */
};

/* A call, or several, in which the k-th site fails. */
#define FAULTY(f, call) faults_disarm((f), (faults_arm(f), (call)))
void faults_arm(struct faults *f);
int faults_disarm(struct faults *f, int result);

/* In a hook: does it fail here? Then it answers f->injected, which is `code`.
 */
bool faults_hit(struct faults *f, int code);

/* A context, and the small world of unit/support.h; nothing fails. */
void faults_world(struct faults *f);
struct iomm_device *faults_device(struct faults *f, const char *name);
/* Registers the mock driver for "/first", its callbacks being sites. */
int faults_register(struct faults *f);
/* Unregisters it, if it was registered, and gives the reference back. */
void faults_unregister(struct faults *f);

/* Table memory and TLB hooks whose `data` is a struct faults. */
extern const struct iomm_table_memory_ops faults_memory;
extern const struct iomm_tlb_ops faults_tlb;
/* A release function for a struct faults; `due` is the caller's to count. */
void faults_released(void *f);

typedef int faults_scenario(struct faults *f);

void faults_test(void **state); /* *state is a struct faults_case */
struct faults_case {
	const char *name;
	faults_scenario *run;
};

#define FAULT_TEST(scenario)                                              \
	{                                                                 \
#scenario, faults_test, NULL, NULL, &(struct faults_case) \
		{                                                         \
#scenario, scenario                               \
		}                                                         \
	}

#endif
