/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: rings; one reader and one writer need no lock. */
#ifndef HOSTED_LINUX_KFIFO_H
#define HOSTED_LINUX_KFIFO_H

#include <linux/barrier.h>
#include <linux/kernel.h>

/* The size is a power of two. */
#define DECLARE_KFIFO(name, type, size) \
	struct {                        \
		unsigned int in;        \
		unsigned int out;       \
		unsigned int mask;      \
		type buffer[size];      \
	} name

#define INIT_KFIFO(fifo)                                     \
	do {                                                 \
		(fifo).in = 0;                               \
		(fifo).out = 0;                              \
		(fifo).mask = ARRAY_SIZE((fifo).buffer) - 1; \
	} while (0)

#define kfifo_len(fifo)      (smp_load_acquire(&(fifo)->in) - smp_load_acquire(&(fifo)->out))
#define kfifo_is_empty(fifo) (kfifo_len(fifo) == 0)
#define kfifo_is_full(fifo)  (kfifo_len(fifo) > (fifo)->mask)

#define kfifo_put(fifo, value)                                               \
	({                                                                   \
		__typeof__(fifo) __fifo = (fifo);                            \
		bool __room = !kfifo_is_full(__fifo);                        \
		if (__room) {                                                \
			__fifo->buffer[__fifo->in & __fifo->mask] = (value); \
			smp_store_release(&__fifo->in, __fifo->in + 1);      \
		}                                                            \
		__room;                                                      \
	})

#define kfifo_get(fifo, value)                                                 \
	({                                                                     \
		__typeof__(fifo) __fifo = (fifo);                              \
		bool __there = !kfifo_is_empty(__fifo);                        \
		if (__there) {                                                 \
			*(value) = __fifo->buffer[__fifo->out & __fifo->mask]; \
			smp_store_release(&__fifo->out, __fifo->out + 1);      \
		}                                                              \
		__there;                                                       \
	})

#define kfifo_skip(fifo)                                          \
	do {                                                      \
		smp_store_release(&(fifo)->out, (fifo)->out + 1); \
	} while (0)

#endif
