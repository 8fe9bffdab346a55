/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* The cases for many devices. */
#ifndef BENCH_PROBE_H
#define BENCH_PROBE_H

void bench_probe(void);

#endif
