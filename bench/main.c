/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "alloc.h"
#include "ioasid.h"
#include "pgtable.h"
#include "probe.h"
#include "report.h"

int main(int argc, char **argv)
{
	report_begin(argc, argv);
	bench_alloc();
	bench_pgtable();
	bench_ioasid();
	bench_probe();
	/* The C library's locks cost more once there has been a thread. */
	bench_alloc_threads();
	bench_pgtable_threads();
	bench_ioasid_threads();
	report_end();
	return 0;
}
