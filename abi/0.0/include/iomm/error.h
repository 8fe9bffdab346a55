/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/**
 * @file
 * Errors. A call that can fail returns `int`: 0, or one of these negated. The
 * numbers are Linux's errno numbers on every platform; `errno` itself is never
 * touched. Out parameters are written on success only, save those whose
 * documentation says `Out: always`.
 *
 * Beside the number, the calling thread can fetch one sentence that says what
 * was wrong, with the values: iomm_error_message(). Only a call that was given
 * no usable handle has none, since it has no context to keep it in.
 *
 * Beside the errors that a call's documentation lists, every call that runs
 * callbacks can answer EPROTO, when one broke its contract, and every call that
 * takes its turn EBUSY, where the platform cannot wait.
 */
#ifndef IOMM_ERROR_H
#define IOMM_ERROR_H

#include <iomm/types.h>

#define IOMM_ENOENT	  2  /**< no such object, or end of an iteration */
#define IOMM_EIO	  5  /**< the hardware, or its model, failed */
#define IOMM_E2BIG	  7  /**< a struct has a tail that is not known here */
#define IOMM_ENOEXEC	  8  /**< made for another version of the library */
#define IOMM_EAGAIN	  11 /**< try again */
#define IOMM_ENOMEM	  12 /**< a hook had no memory to give */
#define IOMM_EACCES	  13 /**< belongs to somebody else */
#define IOMM_EFAULT	  14 /**< no such memory, or an access not translated */
#define IOMM_EBUSY	  16 /**< in use */
#define IOMM_EEXIST	  17 /**< there already */
#define IOMM_ENODEV	  19 /**< gone, or there is none */
#define IOMM_EINVAL	  22 /**< malformed */
#define IOMM_ENOSPC	  28 /**< nothing free in the range */
#define IOMM_EDEADLK	  35 /**< would wait for itself, or wait in a callback */
#define IOMM_EPROTO	  71  /**< a callback broke its contract */
#define IOMM_EOVERFLOW	  75  /**< a value does not fit */
#define IOMM_ELIBBAD	  80  /**< a format failed its self-test */
#define IOMM_EMSGSIZE	  90  /**< an array is too small */
#define IOMM_EOPNOTSUPP	  95  /**< known, but not supported here */
#define IOMM_ETIMEDOUT	  110 /**< the deadline passed */
#define IOMM_EPROBE_DEFER 517 /**< not yet: something is still to arrive */

IOMM_BEGIN_DECLS

/**
 * What a code means, in a few words that do not depend on the call.
 *
 * @param code 0, or a code of this header, negative or positive
 * @return a static string, never NULL
 *
 * Ownership: the string is static.
 * Thread: any.
 * Context: any, atomic hooks included.
 * Errors: none; an unknown code gives "unknown error".
 * Since: 0.1
 */
IOMM_API const char *iomm_strerror(int code);

/**
 * The sentence that belongs to the calling thread's last failing call on
 * `ctx`: what was wrong, with the values. It is rendered now, not when the
 * call failed, so a call that is expected to fail costs no formatting. A call
 * that succeeds leaves the sentence alone; it says something only of a call
 * that has just returned an error.
 *
 * @param ctx the context on which the call failed
 * @param buf where the sentence goes; always terminated when `len` is not 0
 * @param len bytes in `buf`; a longer sentence is cut
 * @return length of the whole sentence in bytes without the terminator (so it
 *         was cut when this is `len` or more); 0 when the thread has none
 *
 * Ownership: copies out; nothing is kept.
 * Thread: any; answers for the calling thread only.
 * Context: any, atomic hooks included.
 * Errors: EINVAL when `ctx` is NULL (a call that was given no context has but
 *   iomm_strerror()), or `buf` is NULL and `len` is not 0.
 * Since: 0.1
 */
IOMM_API IOMM_MUST_CHECK int
iomm_error_message(struct iomm_ctx *ctx, char *buf, uint64_t len);

IOMM_END_DECLS

#endif
