/* What the fake driver and the programs that test with it agree on. The driver stands for virtio-win's under Wine: the same interface GUID,
 * requests and exact lengths, with a host file for each device's memory. Tests only. */
#ifndef TRANSOM_TESTS_WINDOWS_FAKE_IVSHMEM_H
#define TRANSOM_TESTS_WINDOWS_FAKE_IVSHMEM_H

#define FAKE_IVSHMEM_DEVICES_MAX 4u
#define FAKE_IVSHMEM_EVENTS_MAX 32u
#define FAKE_IVSHMEM_SERVICE L"fakeivshmem"
#define FAKE_IVSHMEM_GUID L"{df576976-569d-4672-95a0-f57e4ea0b210}"
/* Values of the service's registry key: the host file of device N as "Region0" ... (REG_SZ, "\??\Z:\dev\shm\x"), "Vectors" (REG_DWORD). */

#define FAKE_IVSHMEM_IOCTL(number) CTL_CODE(FILE_DEVICE_UNKNOWN, number, METHOD_BUFFERED, FILE_ANY_ACCESS)
#define FAKE_IVSHMEM_INTERRUPT FAKE_IVSHMEM_IOCTL(0x8f0) /* sets every registered event */
#define FAKE_IVSHMEM_VANISH FAKE_IVSHMEM_IOCTL(0x8f1)    /* takes the memory out of its owner's process */
#define FAKE_IVSHMEM_RINGS FAKE_IVSHMEM_IOCTL(0x8f2)     /* out: struct fake_ivshmem_rings */

struct fake_ivshmem_rings {
  unsigned count;
  unsigned short last_peer, last_vector;
};

#endif
