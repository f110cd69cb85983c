/* A kernel driver for Wine, loaded as a service, that answers as virtio-win's IVSHMEM driver does. */
#include <ddk/ntddk.h>
#include <ddk/ntifs.h>

#include "fake_ivshmem.h"

#define IOCTL_PEER FAKE_IVSHMEM_IOCTL(0x800)
#define IOCTL_SIZE FAKE_IVSHMEM_IOCTL(0x801)
#define IOCTL_MAP FAKE_IVSHMEM_IOCTL(0x802)
#define IOCTL_UNMAP FAKE_IVSHMEM_IOCTL(0x803)
#define IOCTL_RING FAKE_IVSHMEM_IOCTL(0x804)
#define IOCTL_EVENT FAKE_IVSHMEM_IOCTL(0x805)
#define CACHE_MODES 3

/* Missing in MinGW's headers. */
NTSYSAPI NTSTATUS NTAPI ZwCreateSection(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, PLARGE_INTEGER, ULONG, ULONG, HANDLE);
NTSYSAPI NTSTATUS NTAPI ZwMapViewOfSection(HANDLE, HANDLE, PVOID *, ULONG_PTR, SIZE_T, PLARGE_INTEGER, PSIZE_T, SECTION_INHERIT, ULONG,
                                           ULONG);
NTSYSAPI NTSTATUS NTAPI ZwUnmapViewOfSection(HANDLE, PVOID);
NTSYSAPI NTSTATUS NTAPI ZwDuplicateObject(HANDLE, HANDLE, HANDLE, PHANDLE, ACCESS_MASK, ULONG, ULONG);
NTSYSAPI NTSTATUS NTAPI ZwSetEvent(HANDLE, PLONG);
NTSYSAPI NTSTATUS NTAPI ZwOpenProcess(PHANDLE, ACCESS_MASK, POBJECT_ATTRIBUTES, CLIENT_ID *);

struct map_answer {
  USHORT peer_id;
  ULONGLONG bytes;
  PVOID base;
  USHORT vectors;
};

struct event_request {
  USHORT vector;
  HANDLE event;
  BOOLEAN single_shot;
};

struct ring_request {
  USHORT peer_id, vector;
};

/* A device's extension. The system hands it out zeroed. */
struct device {
  HANDLE section;
  ULONGLONG bytes;
  USHORT vectors;
  PFILE_OBJECT owner; /* who mapped; NULL = nobody */
  HANDLE process;     /* of the owner */
  PVOID base;         /* in that process */
  ULONG event_count;
  HANDLE events[FAKE_IVSHMEM_EVENTS_MAX];
  struct fake_ivshmem_rings rings;
};

struct request {
  struct device *device;
  PFILE_OBJECT file;
  PVOID buffer;
  ULONG in, out; /* lengths */
  ULONG_PTR written;
};

/* ---- memory ---- */

static NTSTATUS open_file(PUNICODE_STRING path, PHANDLE file, PULONGLONG bytes) {
  OBJECT_ATTRIBUTES attributes;
  IO_STATUS_BLOCK io;
  FILE_STANDARD_INFORMATION info;
  InitializeObjectAttributes(&attributes, path, OBJ_CASE_INSENSITIVE, NULL, NULL);
  NTSTATUS status = ZwCreateFile(file, GENERIC_READ | GENERIC_WRITE | SYNCHRONIZE, &attributes, &io, NULL, 0,
                                 FILE_SHARE_READ | FILE_SHARE_WRITE, FILE_OPEN, FILE_SYNCHRONOUS_IO_NONALERT, NULL, 0);
  if (status)
    return status;
  status = ZwQueryInformationFile(*file, &io, &info, sizeof info, FileStandardInformation);
  *bytes = (ULONGLONG)info.EndOfFile.QuadPart;
  if (status)
    ZwClose(*file);
  return status;
}

static NTSTATUS open_memory(struct device *device, PUNICODE_STRING path) {
  HANDLE file;
  NTSTATUS status = open_file(path, &file, &device->bytes);
  if (status)
    return status;
  status = ZwCreateSection(&device->section, SECTION_ALL_ACCESS, NULL, NULL, PAGE_READWRITE, SEC_COMMIT, file);
  ZwClose(file);
  return status;
}

static void forget_owner(struct device *device) {
  for (ULONG i = 0; i < device->event_count; i++)
    ZwClose(device->events[i]);
  device->event_count = 0;
  if (device->process)
    ZwClose(device->process);
  device->process = NULL;
  device->base = NULL;
  device->owner = NULL;
}

static NTSTATUS map_into_caller(struct device *device) {
  OBJECT_ATTRIBUTES attributes;
  CLIENT_ID caller = {PsGetCurrentProcessId(), NULL};
  SIZE_T bytes = 0;
  LARGE_INTEGER offset = {.QuadPart = 0};
  InitializeObjectAttributes(&attributes, NULL, 0, NULL, NULL);
  NTSTATUS status = ZwOpenProcess(&device->process, PROCESS_ALL_ACCESS, &attributes, &caller);
  if (!status)
    status = ZwMapViewOfSection(device->section, device->process, &device->base, 0, 0, &offset, &bytes, ViewUnmap, 0, PAGE_READWRITE);
  if (status)
    forget_owner(device);
  return status;
}

/* ---- requests ---- */

static NTSTATUS answer_peer(struct request *request) {
  if (request->out != sizeof(USHORT))
    return STATUS_INVALID_BUFFER_SIZE;
  *(USHORT *)request->buffer = 0;
  request->written = sizeof(USHORT);
  return STATUS_SUCCESS;
}

static NTSTATUS answer_size(struct request *request) {
  if (request->out != sizeof(ULONGLONG))
    return STATUS_INVALID_BUFFER_SIZE;
  *(ULONGLONG *)request->buffer = request->device->bytes;
  request->written = sizeof(ULONGLONG);
  return STATUS_SUCCESS;
}

static NTSTATUS answer_map(struct request *request) {
  struct device *device = request->device;
  if (device->owner)
    return STATUS_DEVICE_ALREADY_ATTACHED;
  if (request->in != 1 || request->out != sizeof(struct map_answer))
    return STATUS_INVALID_BUFFER_SIZE;
  if (*(UCHAR *)request->buffer >= CACHE_MODES)
    return STATUS_INVALID_PARAMETER;
  const NTSTATUS status = map_into_caller(device);
  if (status)
    return status;
  device->owner = request->file;
  struct map_answer *answer = request->buffer;
  answer->peer_id = 0;
  answer->bytes = device->bytes;
  answer->base = device->base;
  answer->vectors = device->vectors;
  request->written = sizeof *answer;
  return STATUS_SUCCESS;
}

static NTSTATUS answer_unmap(struct request *request) {
  struct device *device = request->device;
  if (!device->owner)
    return STATUS_INVALID_DEVICE_REQUEST;
  if (device->owner != request->file)
    return STATUS_INVALID_HANDLE;
  if (device->base)
    ZwUnmapViewOfSection(device->process, device->base);
  forget_owner(device);
  return STATUS_SUCCESS;
}

static NTSTATUS answer_ring(struct request *request) {
  const struct ring_request *ring = request->buffer;
  if (request->in != sizeof *ring)
    return STATUS_INVALID_BUFFER_SIZE;
  if (request->device->owner != request->file)
    return STATUS_INVALID_HANDLE;
  request->device->rings.count++;
  request->device->rings.last_peer = ring->peer_id;
  request->device->rings.last_vector = ring->vector;
  return STATUS_SUCCESS;
}

static NTSTATUS answer_event(struct request *request) {
  struct device *device = request->device;
  const struct event_request *wanted = request->buffer;
  HANDLE event;
  if (request->in != sizeof *wanted)
    return STATUS_INVALID_BUFFER_SIZE;
  if (device->owner != request->file)
    return STATUS_INVALID_HANDLE;
  if (wanted->vector >= device->vectors || device->event_count == FAKE_IVSHMEM_EVENTS_MAX)
    return STATUS_INVALID_PARAMETER;
  const NTSTATUS status = ZwDuplicateObject(device->process, wanted->event, (HANDLE)(LONG_PTR)-1, &event, 0, 0, DUPLICATE_SAME_ACCESS);
  if (!status)
    device->events[device->event_count++] = event;
  return status;
}

/* ---- requests of the tests ---- */

static NTSTATUS answer_interrupt(struct request *request) {
  for (ULONG i = 0; i < request->device->event_count; i++)
    ZwSetEvent(request->device->events[i], NULL);
  return STATUS_SUCCESS;
}

static NTSTATUS answer_vanish(struct request *request) {
  struct device *device = request->device;
  if (!device->base)
    return STATUS_INVALID_DEVICE_REQUEST;
  const NTSTATUS status = ZwUnmapViewOfSection(device->process, device->base);
  device->base = NULL;
  return status;
}

static NTSTATUS answer_rings(struct request *request) {
  if (request->out != sizeof(struct fake_ivshmem_rings))
    return STATUS_INVALID_BUFFER_SIZE;
  *(struct fake_ivshmem_rings *)request->buffer = request->device->rings;
  request->written = sizeof(struct fake_ivshmem_rings);
  return STATUS_SUCCESS;
}

static NTSTATUS answer(ULONG code, struct request *request) {
  switch (code) {
  case IOCTL_PEER:
    return answer_peer(request);
  case IOCTL_SIZE:
    return answer_size(request);
  case IOCTL_MAP:
    return answer_map(request);
  case IOCTL_UNMAP:
    return answer_unmap(request);
  case IOCTL_RING:
    return answer_ring(request);
  case IOCTL_EVENT:
    return answer_event(request);
  case FAKE_IVSHMEM_INTERRUPT:
    return answer_interrupt(request);
  case FAKE_IVSHMEM_VANISH:
    return answer_vanish(request);
  case FAKE_IVSHMEM_RINGS:
    return answer_rings(request);
  default:
    return STATUS_INVALID_DEVICE_REQUEST;
  }
}

/* ---- the driver ---- */

static NTSTATUS complete(PIRP irp, NTSTATUS status, ULONG_PTR written) {
  irp->IoStatus.Status = status;
  irp->IoStatus.Information = written;
  IoCompleteRequest(irp, IO_NO_INCREMENT);
  return status;
}

static NTSTATUS NTAPI on_open_or_close(PDEVICE_OBJECT object, PIRP irp) {
  struct device *device = object->DeviceExtension;
  const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  if (stack->MajorFunction == IRP_MJ_CLOSE && device->owner && stack->FileObject == device->owner)
    forget_owner(device); /* its process may be gone: there is nothing to unmap any more, or the system does it */
  return complete(irp, STATUS_SUCCESS, 0);
}

static NTSTATUS NTAPI on_control(PDEVICE_OBJECT object, PIRP irp) {
  const PIO_STACK_LOCATION stack = IoGetCurrentIrpStackLocation(irp);
  struct request request = {.device = object->DeviceExtension,
                            .file = stack->FileObject,
                            .buffer = irp->AssociatedIrp.SystemBuffer,
                            .in = stack->Parameters.DeviceIoControl.InputBufferLength,
                            .out = stack->Parameters.DeviceIoControl.OutputBufferLength};
  const NTSTATUS status = answer(stack->Parameters.DeviceIoControl.IoControlCode, &request);
  return complete(irp, status, status ? 0 : request.written);
}

static void NTAPI on_unload(PDRIVER_OBJECT driver) {
  while (driver->DeviceObject) {
    struct device *device = driver->DeviceObject->DeviceExtension;
    forget_owner(device);
    ZwClose(device->section);
    IoDeleteDevice(driver->DeviceObject);
  }
}

/* ---- its start ---- */

static NTSTATUS read_value(HANDLE key, const WCHAR *name, PVOID room, ULONG bytes) {
  UNICODE_STRING text;
  ULONG needed;
  RtlInitUnicodeString(&text, name);
  return ZwQueryValueKey(key, &text, KeyValuePartialInformation, room, bytes, &needed);
}

/* "...#000N#..." for device N. */
static void link_name(WCHAR to[], const WCHAR *prefix, ULONG number) {
  static const WCHAR middle[] = L"ROOT#FAKEIVSHMEM#000", rest[] = L"#" FAKE_IVSHMEM_GUID;
  while (*prefix)
    *to++ = *prefix++;
  for (ULONG i = 0; middle[i]; i++)
    *to++ = middle[i];
  *to++ = (WCHAR)(L'0' + number);
  for (ULONG i = 0; i < sizeof rest / sizeof rest[0]; i++)
    *to++ = rest[i];
}

static void add_link(const WCHAR *prefix, ULONG number, PUNICODE_STRING target) {
  WCHAR name[128];
  UNICODE_STRING link;
  link_name(name, prefix, number);
  RtlInitUnicodeString(&link, name);
  IoCreateSymbolicLink(&link, target);
}

static NTSTATUS add_device(PDRIVER_OBJECT driver, ULONG number, PUNICODE_STRING path, ULONG vectors) {
  WCHAR name[] = L"\\Device\\FakeIvshmem0";
  UNICODE_STRING text;
  PDEVICE_OBJECT object;
  name[sizeof name / sizeof name[0] - 2] = (WCHAR)(L'0' + number);
  RtlInitUnicodeString(&text, name);
  NTSTATUS status = IoCreateDevice(driver, sizeof(struct device), &text, FILE_DEVICE_UNKNOWN, 0, FALSE, &object);
  if (status)
    return status;
  struct device *device = object->DeviceExtension;
  device->vectors = (USHORT)vectors;
  status = open_memory(device, path);
  if (status) {
    IoDeleteDevice(object);
    return status;
  }
  add_link(L"\\DosDevices\\Global\\", number, &text);
  add_link(L"\\??\\", number, &text);
  object->Flags &= ~(ULONG)DO_DEVICE_INITIALIZING;
  return STATUS_SUCCESS;
}

static NTSTATUS add_devices(PDRIVER_OBJECT driver, HANDLE key) {
  union {
    KEY_VALUE_PARTIAL_INFORMATION info;
    UCHAR room[sizeof(KEY_VALUE_PARTIAL_INFORMATION) + 600];
  } value;
  ULONG vectors = 0, added = 0;
  if (!read_value(key, L"Vectors", &value, sizeof value))
    vectors = *(ULONG *)(PVOID)value.info.Data;
  for (ULONG number = 0; number < FAKE_IVSHMEM_DEVICES_MAX; number++) {
    WCHAR name[] = L"Region0";
    name[6] = (WCHAR)(L'0' + number);
    if (read_value(key, name, &value, sizeof value))
      continue;
    UNICODE_STRING path = {(USHORT)(value.info.DataLength - sizeof(WCHAR)), (USHORT)value.info.DataLength, (PWSTR)(PVOID)value.info.Data};
    const NTSTATUS status = add_device(driver, number, &path, vectors);
    if (status)
      return status;
    added++;
  }
  return added ? STATUS_SUCCESS : STATUS_NO_SUCH_DEVICE;
}

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path);

NTSTATUS NTAPI DriverEntry(PDRIVER_OBJECT driver, PUNICODE_STRING registry_path) {
  OBJECT_ATTRIBUTES attributes;
  HANDLE key;
  driver->MajorFunction[IRP_MJ_CREATE] = on_open_or_close;
  driver->MajorFunction[IRP_MJ_CLEANUP] = on_open_or_close;
  driver->MajorFunction[IRP_MJ_CLOSE] = on_open_or_close;
  driver->MajorFunction[IRP_MJ_DEVICE_CONTROL] = on_control;
  driver->DriverUnload = on_unload;
  InitializeObjectAttributes(&attributes, registry_path, OBJ_CASE_INSENSITIVE, NULL, NULL);
  NTSTATUS status = ZwOpenKey(&key, KEY_READ, &attributes);
  if (status)
    return status;
  status = add_devices(driver, key);
  ZwClose(key);
  return status;
}
