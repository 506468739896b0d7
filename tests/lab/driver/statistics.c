/* Plays the driver of a Nitro interface: answers the kernel's ethtool calls for the statistics of eth0.
 * The counts stand in LAB_LINKLOCAL_ALLOWANCE_EXCEEDED, separated by commas; each reading gives the next, the last one stays.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const char *const NAMES[] = {
    "tx_timeout", "bw_in_allowance_exceeded", "pps_allowance_exceeded", "linklocal_allowance_exceeded",
    "queue_0_tx_cnt",
};
#define COUNT (sizeof NAMES / sizeof *NAMES)

static unsigned long long next_count(void) {
    static int readings;
    const char *at = getenv("LAB_LINKLOCAL_ALLOWANCE_EXCEEDED");
    for (int i = 0; at && i < readings; i++) {
        const char *comma = strchr(at, ',');
        if (!comma) break;
        at = comma + 1;
    }
    readings++;
    return at ? strtoull(at, NULL, 10) : 0;
}

int ioctl(int fd, unsigned long request, ...) {
    static int (*kernel)(int, unsigned long, void *);
    va_list arguments;
    va_start(arguments, request);
    void *argument = va_arg(arguments, void *);
    va_end(arguments);
    if (!kernel) kernel = dlsym(RTLD_NEXT, "ioctl");
    struct ifreq *asked = argument;
    if (request != SIOCETHTOOL || strcmp(asked->ifr_name, "eth0")) return kernel(fd, request, argument);
    switch (*(__u32 *)asked->ifr_data) {
    case ETHTOOL_GSSET_INFO: {
        struct ethtool_sset_info *info = (void *)asked->ifr_data;
        info->data[0] = COUNT;
        return 0;
    }
    case ETHTOOL_GSTRINGS: {
        struct ethtool_gstrings *strings = (void *)asked->ifr_data;
        strings->len = COUNT;
        for (size_t i = 0; i < COUNT; i++)
            strncpy((char *)strings->data + i * ETH_GSTRING_LEN, NAMES[i], ETH_GSTRING_LEN);
        return 0;
    }
    case ETHTOOL_GSTATS: {
        struct ethtool_stats *statistics = (void *)asked->ifr_data;
        statistics->n_stats = COUNT;
        memset(statistics->data, 0, COUNT * sizeof *statistics->data);
        statistics->data[3] = next_count();
        return 0;
    }
    default:
        return kernel(fd, request, argument);
    }
}
