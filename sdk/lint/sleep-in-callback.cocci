// SPDX-License-Identifier: GPL-2.0-only
// Finding: a callback under the mirror's lock must not sleep, fault, or allocate by reclaim
//
// The kernel takes the mirror's lock while it reclaims: what waits for memory there waits for itself.
// Functions that a callback calls in the same file are looked at, too.

@callback@
identifier ops, fn;
identifier member =~ "^(populate|zap|flush|translated|report)$";
@@
struct xmmu_ops ops = { .member = fn, };

@helper@
identifier callback.fn, inner;
@@
fn(...) { <+... inner(...) ...+> }

@in_callback@
identifier callback.fn;
identifier sleeps =~ "^(mutex_lock(_.*)?|down|down_(read|write)(_.*)?|mmap_(read|write)_lock(_.*)?|copy_(to|from)_user|get_user|put_user|get_user_pages.*|pin_user_pages.*|hmm_range_fault|mmput|wait_(event|for_completion).*|msleep.*|usleep_range|schedule(_timeout.*)?|flush_work(queue)?|cancel_work_sync|synchronize_s?rcu|vmalloc.*|kv[mz]alloc.*)$";
@@
fn(...) { <+...
*sleeps(...)
...+> }

@allocation@
identifier callback.fn;
identifier alloc =~ "^(k[mzc]alloc.*|kmem_cache_z?alloc.*|kmemdup|alloc_pages.*|__get_free_pages?|get_zeroed_page|dma_alloc_coherent)$";
@@
fn(...) { <+...
*alloc(..., GFP_KERNEL, ...)
...+> }

@in_helper@
identifier helper.inner;
identifier sleeps =~ "^(mutex_lock(_.*)?|down|down_(read|write)(_.*)?|mmap_(read|write)_lock(_.*)?|copy_(to|from)_user|get_user|put_user|get_user_pages.*|pin_user_pages.*|hmm_range_fault|mmput|wait_(event|for_completion).*|msleep.*|usleep_range|schedule(_timeout.*)?|flush_work(queue)?|cancel_work_sync|synchronize_s?rcu|vmalloc.*|kv[mz]alloc.*)$";
@@
inner(...) { <+...
*sleeps(...)
...+> }

@helper_allocation@
identifier helper.inner;
identifier alloc =~ "^(k[mzc]alloc.*|kmem_cache_z?alloc.*|kmemdup|alloc_pages.*|__get_free_pages?|get_zeroed_page|dma_alloc_coherent)$";
@@
inner(...) { <+...
*alloc(..., GFP_KERNEL, ...)
...+> }
