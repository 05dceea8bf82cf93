/* SPDX-License-Identifier: MIT OR Apache-2.0 */
/* A run as an SVG picture: three panels over the same time. */
#ifndef DTT_SIM_PLOT_H
#define DTT_SIM_PLOT_H

#include "sim/sim.h"

/** To be freed; NULL: out of memory. */
char *dtt_sim_plot(const struct dtt_sim_result *r);

#endif
