/* SPDX-License-Identifier: MIT OR Apache-2.0 */
#include <dtt/dht.h>

#define TEXT_OF(x) #x
#define NUMBER(x) TEXT_OF(x)

const char *dtt_version(void)
{
    return NUMBER(DTT_VERSION_MAJOR) "." NUMBER(DTT_VERSION_MINOR) "." NUMBER(DTT_VERSION_PATCH);
}

size_t dtt_record_content_max(void)
{
    return DTT_RECORD_CONTENT_MAX;
}

size_t dtt_record_value_max(void)
{
    return DTT_RECORD_VALUE_MAX;
}

size_t dtt_dht_value_max(void)
{
    return DTT_DHT_VALUE_MAX;
}

size_t dtt_message_signed_max(void)
{
    return DTT_MESSAGE_SIGNED_MAX;
}

size_t dtt_message_max(void)
{
    return DTT_MESSAGE_MAX;
}
