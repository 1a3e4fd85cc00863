/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: everything is linked together: exporting says nothing. */
#ifndef HOSTED_LINUX_EXPORT_H
#define HOSTED_LINUX_EXPORT_H

#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)

#endif
