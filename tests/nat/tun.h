/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* TUN devices inside network namespaces. */
#ifndef NAT_TUN_H
#define NAT_TUN_H

/** Makes the device `net0` in the namespace at a path; its descriptor, or -1 with errno. */
int tun_open(const char *ns_path);

#endif
