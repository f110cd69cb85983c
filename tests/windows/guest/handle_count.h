/* What this process has of the system. 0: the system does not say. */
#ifndef TRANSOM_TESTS_WINDOWS_HANDLE_COUNT_H
#define TRANSOM_TESTS_WINDOWS_HANDLE_COUNT_H

unsigned long handle_count(void);
unsigned long gdi_object_count(void);
unsigned long linux_descriptor_count(void); /* under Wine: what the host's kernel says of the same process */

#endif
