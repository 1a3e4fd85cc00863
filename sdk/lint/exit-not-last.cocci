// SPDX-License-Identifier: GPL-2.0-only
// Finding: xmmu_module_exit() waits for what was in use; what can still be used must go before it

@@
identifier goes =~ "^(misc_deregister|pci_unregister_driver|platform_driver_unregister|auxiliary_driver_unregister|destroy_workqueue|xmmu_mirror_detach|kmem_cache_destroy|class_destroy|cdev_del)$";
@@
xmmu_module_exit(...);
... when any
*goes(...)
