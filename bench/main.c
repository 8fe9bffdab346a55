/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include "ioasid.h"
#include "pgtable.h"
#include "report.h"

int main(int argc, char **argv)
{
	report_begin(argc, argv);
	bench_pgtable();
	bench_ioasid();
	report_end();
	return 0;
}
