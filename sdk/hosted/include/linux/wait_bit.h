/* SPDX-License-Identifier: GPL-2.0-only */
/* Hosted kernel: sleeping until a bit is clear, or until a variable has changed. */
#ifndef HOSTED_LINUX_WAIT_BIT_H
#define HOSTED_LINUX_WAIT_BIT_H

#include <linux/bitops.h>
#include <linux/wait.h>

/* They share queues; a wake-up is for those with the same key. */
wait_queue_head_t *hosted_key_queue(void);
void hosted_wake_key(const void *key, int bit);
int hosted_wait_bit(unsigned long *word, int bit, unsigned int state);

#define HOSTED_NO_BIT (-1)

static inline void wake_up_bit(unsigned long *word, int bit)
{
	hosted_wake_key(word, bit);
}

static inline void clear_and_wake_up_bit(int bit, unsigned long *word)
{
	clear_bit_unlock(bit, word);
	smp_mb__after_atomic();
	wake_up_bit(word, bit);
}

static inline int wait_on_bit(unsigned long *word, int bit, unsigned int state)
{
	might_sleep();
	return test_bit_acquire(bit, word) ? hosted_wait_bit(word, bit, state) : 0;
}

static inline int wait_on_bit_lock(unsigned long *word, int bit, unsigned int state)
{
	int error = 0;

	might_sleep();
	while (!error && test_and_set_bit_lock(bit, word))
		error = hosted_wait_bit(word, bit, state);
	return error;
}

static inline void wake_up_var(void *variable)
{
	hosted_wake_key(variable, HOSTED_NO_BIT);
}

#define wait_var_event(variable, condition)                                                        \
	do {                                                                                       \
		struct wait_queue_entry __entry = { .key = (variable), .bit = HOSTED_NO_BIT };     \
		might_sleep();                                                                     \
		for (;;) {                                                                         \
			prepare_to_wait_event(hosted_key_queue(), &__entry, TASK_UNINTERRUPTIBLE); \
			if (condition)                                                             \
				break;                                                             \
			schedule();                                                                \
		}                                                                                  \
		finish_wait(hosted_key_queue(), &__entry);                                         \
	} while (0)

#endif
